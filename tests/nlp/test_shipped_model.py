"""The model in the package: what it must never get wrong."""

from __future__ import annotations

import pytest

from nlp.artifact import load_manifest
from nlp.domain import Decision, Kind, Place, Prediction, Report, Urgency
from nlp.folding import strip_accents
from nlp.predictor import Predictor
from nlp.registry import default_artifact

pytestmark = pytest.mark.skipif(
    not default_artifact().exists(), reason=f"no model ships here: {default_artifact()} is absent"
)

WIRE = "Dây điện bị đứt rớt xuống đường trước cổng trường, đang xẹt lửa, học sinh sắp tan học"
ORDINARY = {
    "den-duong": "Đèn đường kiệt 7 Lịch Đợi tắt cả tuần nay, tối om không thấy đường đi",
    "thu-gom-rac": "Rác sinh hoạt chất đống đầu ngõ hai tuần nay không thấy xe tới thu gom",
    "mat-duong-hu-hong": "Đường Bùi Thị Xuân có ổ gà to, sâu 30cm, xe máy đi qua rất dễ ngã",
    "tieng-on": "Quán nhậu mở loa karaoke ồn tới 1 giờ sáng, cả xóm không ngủ được",
}
BRIBERIES = [
    (
        "Tôi tố cáo ông Trần Văn B, cán bộ địa chính phường Thuận Hóa, đòi 20 triệu tiền lót tay "
        "mới chịu làm sổ đỏ, tôi có ghi âm",
        None,
    ),
    (
        "Tôi tố cáo ông Lê Văn C, phó phòng của Sở Xây dựng, nhận hối lộ 50 triệu đồng để cấp "
        "giấy phép sai quy định, có tin nhắn chuyển tiền",
        "so-xay-dung",
    ),
]


@pytest.fixture(scope="session")
def shipped(city) -> Predictor:
    return Predictor.from_artifact(default_artifact(), city)


@pytest.fixture(scope="session")
def answer_of(shipped):
    def answer(text: str, **more) -> Prediction:
        (found,) = shipped.predict([Report("r", text, **more)])
        assert isinstance(found, Prediction)
        return found

    return answer


def test_it_is_whole_and_its_golden_texts_have_their_labels(shipped):
    shipped.self_check()
    assert shipped.version == load_manifest(default_artifact()).version


def test_it_knows_every_topic_of_the_city(shipped, city):
    assert set(shipped.manifest.topics) == set(city.taxonomy.topics)
    assert set(shipped.manifest.kinds) == set(Kind)


def test_a_live_wire_on_the_ground_calls_for_help_at_once(answer_of):
    answer = answer_of(WIRE)
    assert answer.urgency is Urgency.KHAN_CAP
    assert answer.call_now
    assert answer.decision is Decision.REVIEW


@pytest.mark.parametrize(
    "typed", [WIRE.upper(), strip_accents(WIRE), f"Dạ em chào ạ. {WIRE.lower()} ạ"]
)
def test_neither_tone_nor_typing_lowers_the_danger(answer_of, typed):
    assert answer_of(typed).call_now


def test_a_question_on_paperwork_is_not_urgent(answer_of):
    answer = answer_of("Cho tôi hỏi làm lại giấy khai sinh cho con thì cần giấy tờ gì?")
    assert answer.urgency is Urgency.THAP
    assert answer.kind is Kind.HOI_DAP


@pytest.mark.parametrize(("topic", "text"), ORDINARY.items(), ids=ORDINARY)
def test_ordinary_reports_have_their_topic(answer_of, topic, text):
    answer = answer_of(text)
    assert topic in {answer.topic, *(each.topic for each in answer.topic_alternatives)}


@pytest.mark.parametrize(("text", "accused"), BRIBERIES)
def test_an_accusation_of_bribery_is_hidden_from_the_accused(answer_of, city, text, accused):
    for typed in (text, strip_accents(text)):
        answer = answer_of(typed)
        assert answer.restricted
        assert answer.decision is Decision.REVIEW
        assert answer.kind is Kind.TO_CAO
        suggested = [each.id for each in answer.agencies]
        assert suggested
        assert all(city.agencies[each].level == "city" for each in suggested)
        assert accused not in suggested


@pytest.mark.parametrize("text", ORDINARY.values(), ids=ORDINARY)
def test_at_least_three_agencies_answer_with_and_without_accents(answer_of, text):
    for typed in (text, strip_accents(text)):
        assert len(answer_of(typed).agencies) >= 3


def test_many_texts_at_once_have_the_answers_of_each(shipped):
    texts = [*ORDINARY.values(), WIRE, "Đèn tắt", f"{WIRE}. " * 30, strip_accents(WIRE)]
    reports = [Report(str(number), text) for number, text in enumerate(texts)]
    known, together = shipped.manifest.calibration, shipped.scores(reports)
    for row, report in enumerate(reports):
        alone = shipped.scores([report])
        for head in ("kind", "topic", "also"):
            probabilities = getattr(known, head)
            beside = probabilities(getattr(together, head))[row]
            assert beside == pytest.approx(probabilities(getattr(alone, head))[0], abs=1e-6)
        assert known.at_least(together.urgency)[row] == pytest.approx(
            known.at_least(alone.urgency)[0], abs=1e-6
        )


@pytest.mark.parametrize("place", [Place(), Place(ward_code="19789")])
def test_the_office_of_a_ward_bears_its_name(answer_of, place):
    named = "" if place.ward_code else " ở phường Thuận Hóa"
    text = f"Người ta lấn chiếm vỉa hè bán hàng, để xe tràn xuống lòng kiệt 12{named}"
    answer = answer_of(text, place=place)
    names = {each.id: each.name for each in answer.agencies}
    assert names["ubnd-cap-xa"] == "UBND phường Thuận Hóa"
    assert answer.ward == "Phường Thuận Hóa"


def test_the_quoted_clause_speaks_of_the_decided_topic(answer_of):
    answer = answer_of("Mặt đường trong kiệt 12 bị ổ gà, sụt lún, phường Thuận Hóa.")
    assert answer.topic == "mat-duong-hu-hong"
    for agency in answer.agencies[:2]:
        assert "mặt đường" in agency.because.lower()


def test_a_calm_call_for_rescue_is_khan_cap(answer_of):
    answer = answer_of(
        "Dạ nhà em nước lên ngang cửa sổ tầng 1, mạ em 80 tuổi không leo gác được, khi mô tiện thì "
        "mấy anh ghé giúp."
    )
    assert (answer.topic, answer.urgency) == ("cuu-nan-mac-ket", Urgency.KHAN_CAP)
    assert answer.call_now
