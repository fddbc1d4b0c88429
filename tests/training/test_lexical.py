"""The branch in the graph is the linear machine it was taken from, and is blind to accents."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.vocabulary import CLS, PAD, SEP, SPECIAL, build_tokenizer

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
lexical = pytest.importorskip("training.lexical")
pytestmark = pytest.mark.usefixtures("one_torch_thread")

ACCENTED = ["đèn", "đường", "tắt", "điện", "rác", "mùi", "nước", "ngập"]
BARE = ["den", "duong", "tat", "dien", "rac", "mui", "nuoc", "ngap"]
WORDS = [*ACCENTED, *BARE, "ớt"]  # the last has no twin
TOKENIZER = build_tokenizer([*SPECIAL, *WORDS])
FIRST, TWINLESS = len(SPECIAL), len(SPECIAL) + len(WORDS) - 1
TOPICS = 4

ids_of_words = st.lists(st.integers(FIRST, TWINLESS), min_size=1, max_size=12)


def branch(buckets: int = 4096):
    return lexical.LexicalBranch(lexical.plain_ids(TOKENIZER), TOPICS, buckets)


def training_windows() -> tuple[list[list[int]], list[int]]:
    """Windows of three of the four topics, words repeated in some."""
    rng = np.random.default_rng(0)
    windows, topics = [], []
    for number in range(60):
        topic = number % 3
        words = [*rng.integers(FIRST, TWINLESS, 5), *[FIRST + topic] * (1 + number % 2)]
        rng.shuffle(words)
        windows.append([CLS, *(int(word) for word in words), SEP])
        topics.append(topic)
    return windows, topics


def scores(fitted, windows: list[list[int]]) -> np.ndarray:
    rows = [fitted(torch.tensor([row]), torch.ones(1, len(row))) for row in windows]
    return torch.cat(rows).detach().numpy()


@pytest.fixture(scope="module")
def fitted():
    made = branch()
    lexical.fit_lexical(made, *training_windows())
    return made


@pytest.fixture
def machine(monkeypatch):
    """What the support vector machine was fitted on, and the machine."""
    import sklearn.svm

    seen = SimpleNamespace()

    class Watched(sklearn.svm.LinearSVC):  # type: ignore[misc]
        def fit(self, features, topics):
            seen.machine, seen.features = self, features
            return super().fit(features, topics)

    monkeypatch.setattr(sklearn.svm, "LinearSVC", Watched)
    return seen


def test_the_branch_scores_the_training_texts_as_the_machine_does(machine):
    made, (windows, topics) = branch(), training_windows()
    lexical.fit_lexical(made, windows, topics)
    decided = machine.machine.decision_function(machine.features) - machine.machine.intercept_
    found = scores(made, windows)
    assert np.allclose(found[:, :3], decided, atol=1e-5)
    assert np.abs(decided).max() > 0.3


def test_it_has_learnt_the_words_of_the_topics(fitted):
    windows, topics = training_windows()
    assert (scores(fitted, windows).argmax(1) == topics).mean() > 0.9


def test_a_topic_without_a_text_gets_no_score(fitted):
    assert not scores(fitted, training_windows()[0])[:, 3].any()


def test_two_topics_are_told_apart():
    windows, topics = training_windows()
    chosen = [n for n, topic in enumerate(topics) if topic < 2]
    made = branch()
    lexical.fit_lexical(made, [windows[n] for n in chosen], [topics[n] for n in chosen])
    found = scores(made, [windows[n] for n in chosen])[:, :2]
    assert (found.argmax(1) == [topics[n] for n in chosen]).mean() > 0.9


def test_the_same_texts_give_the_same_weights(fitted):
    again = branch()
    np.random.random(7)  # whoever draws from numpy's own source in between
    lexical.fit_lexical(again, *training_windows())
    assert torch.equal(again.table.weight, fitted.table.weight)


@given(ids_of_words)
def test_accents_play_no_part(fitted_ids):
    made = fitted_once()
    plain = made.plain[torch.tensor(fitted_ids)].tolist()
    assert np.array_equal(scores(made, [fitted_ids]), scores(made, [plain]))
    accented = [n + len(ACCENTED) if n < FIRST + len(ACCENTED) else n for n in fitted_ids]
    assert np.array_equal(scores(made, [fitted_ids]), scores(made, [accented]))


@given(ids_of_words, st.lists(st.sampled_from([CLS, SEP, PAD, *range(len(SPECIAL))]), max_size=4))
def test_special_tokens_at_the_ends_are_not_read(words, special):
    made = fitted_once()
    assert np.allclose(scores(made, [words]), scores(made, [special + words]), atol=1e-6)
    assert np.allclose(scores(made, [words]), scores(made, [words + special]), atol=1e-6)


@given(st.lists(ids_of_words, min_size=2, max_size=4))
def test_padding_is_not_read(rows):
    made = fitted_once()
    longest = max(map(len, rows))
    ids = torch.tensor([row + [FIRST] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    assert np.allclose(made(ids, mask).detach(), scores(made, rows), atol=1e-6)


@pytest.mark.parametrize("window", [[CLS, SEP], [CLS], [CLS, TWINLESS, SEP]])
def test_a_window_with_nothing_known_has_the_score_zero(fitted, window):
    found = scores(fitted, [window])  # no training text has the twinless word
    assert np.isfinite(found).all()
    assert not found.any()


def test_an_unfitted_branch_says_nothing():
    assert not scores(branch(), [[CLS, FIRST, FIRST + 1, SEP]]).any()


def test_words_of_one_text_only_say_nothing():
    made = branch()
    lexical.fit_lexical(
        made,
        [[FIRST, TWINLESS], [FIRST, FIRST + 1], [FIRST + 2, FIRST + 1], [FIRST + 2, FIRST]],
        [0, 0, 1, 1],
    )
    assert made.rarity[TWINLESS] == 0
    assert made.rarity[lexical.plain_ids(TOKENIZER)[FIRST]] > 0


def test_added_and_special_tokens_have_no_plain_form_and_a_twinless_word_is_its_own():
    plain = lexical.plain_ids(TOKENIZER)
    assert plain[: len(SPECIAL)].tolist() == [-1] * len(SPECIAL)
    assert plain[TWINLESS] == TWINLESS
    found = [TOKENIZER.id_to_token(number) for number in plain[FIRST : FIRST + 8].tolist()]
    assert found == BARE


_FITTED: list = []


def fitted_once():
    """The branch of ``fitted``, for tests whose texts are drawn."""
    if not _FITTED:
        _FITTED.append(branch())
        lexical.fit_lexical(_FITTED[0], *training_windows())
    return _FITTED[0]
