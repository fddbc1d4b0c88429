"""From a report to the numbers a model reads: the one path for training, serving and evaluation.

The spec travels with the weights, and so does a fingerprint of what it does to fixed sentences:
an artifact whose pipeline reads differently here than where it was trained is refused.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

from tokenizers import Tokenizer

from nlp.domain import Report
from nlp.errors import ArtifactInvalid
from nlp.privacy import find_personal_data
from nlp.segment import segmenter, segmenter_version
from nlp.text import STEPS_VERSION, CanonicalText, canonicalise

#: What the fingerprint is taken of: every step has something to do in one of them.
FINGERPRINT_SENTENCES = (
    "Đường Nguyễn Huệ đoạn trước số 12 bị sụt lún, ổ gà sâu 30cm, kính mong cơ quan chức năng xử lý.",
    "duong nguyen hue bi ngap nuoc roi, ai xu ly giup voi",
    "Hoà Bình, thuỷ điện, khoẻ khoắn, quý vị, già trẻ",
    "DÂY ĐIỆN ĐỨT RỚT XUỐNG ĐƯỜNG, XẸT LỬA!!!",
    "Sdt em la 0905 123 456, email a.b@example.com, xe 75F1-234.56",
    "mn ơi đg kiệt 7 đèn tắt mấy bữa ni r mà ko ai sửa hết á",
    "Mệ tui 86 tuổi chưa nhận trợ cấp từ tháng 7 tới chừ, răng rứa?",
    "Tie\u0302\u0301ng Vie\u0323\u0302t tổ hợp và\u200b chữ vô hình",
    "Quyết định số 1207/QĐ-UBND ngày 25/4/2026 thu hồi 120m2 đất của gia đình",
    "Ông Nguyễn Văn A ở số nhà 12/5 kiệt 3 Lịch Đợi, STK 0123456789 Vietcombank",
    "khôngbiết gọi aiiiii luôn :(( 😭 #Hue @phuong",
    "QL49 km 28, ĐT 12B, TP. Huế; P. Vỹ Dạ (Xuân Phú cũ) – tổ 9",
    "Cho hỏi giờ nộp hồ sơ ở phường nào cũng được hay phải đúng nơi mình ở ạ?",
    "Kính gửi UBND thành phố.\n\nTôi xin phản ánh như sau:\n- thứ nhất, rác;\n- thứ hai, ồn.",
)


@dataclass(frozen=True)
class PipelineSpec:
    """How texts become windows of token ids.

    Attributes:
        steps: Version of the canonical form (``nlp.text.STEPS_VERSION``).
        masking: Whether personal data is masked before the model, as in the training texts.
        segmenter: ``""`` or ``"underthesea <version>"``: words joined by ``_`` before tokens.
        window: Tokens of one window, special tokens included.
        overlap: Tokens that neighbouring windows share.
        windows: Most windows of one text; the rest of a longer one is not read.
    """

    steps: str = STEPS_VERSION
    masking: bool = True
    segmenter: str = ""
    window: int = 256
    overlap: int = 48
    windows: int = 24

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The spec of a manifest.

        Raises:
            ArtifactInvalid: A member is missing, unknown or of a wrong type.
        """
        expected = asdict(cls())
        if set(value) != set(expected) or any(
            type(value[name]) is not type(known) for name, known in expected.items()
        ):
            raise ArtifactInvalid(f"pipeline: expected exactly the members {', '.join(expected)}")
        return cls(**value)


@dataclass(frozen=True)
class ReadText:
    """A text on its way to the model, and the way back to what was sent.

    Attributes:
        canonical: Title and text in canonical form.
        model_text: What is tokenised: masked, perhaps segmented.
        title_length: Code points of the original that belong to the title and its line end.
    """

    canonical: CanonicalText
    model_text: str
    title_length: int
    _starts: tuple[int, ...]
    _shifts: tuple[int, ...]

    def original_span(self, start: int, end: int) -> tuple[int, int] | None:
        """The span of ``report.text`` behind a span of the unsegmented model text, if any."""
        first, last = self._canonical(start), self._canonical(end)
        first, last = self.canonical.original_span(first, max(first, last))
        first, last = first - self.title_length, last - self.title_length
        return (max(first, 0), last) if last > 0 and last > first else None

    def _canonical(self, position: int) -> int:
        shift = self._shifts[bisect_right(self._starts, position) - 1]
        return min(max(position + shift, 0), len(self.canonical.text))


class TextPipeline:
    """Reads reports by a spec with a tokenizer. Safe to share between threads."""

    def __init__(self, spec: PipelineSpec, tokenizer: Tokenizer) -> None:
        """Prepares windows on the tokenizer.

        Raises:
            ArtifactInvalid: The spec asks for steps or a segmenter that are not installed here.
        """
        if spec.steps != STEPS_VERSION:
            raise ArtifactInvalid(
                f"text steps version {spec.steps!r}: this installation has {STEPS_VERSION!r}"
            )
        if spec.segmenter and spec.segmenter != segmenter_version():
            raise ArtifactInvalid(
                f"segmenter {spec.segmenter!r}: this installation has {segmenter_version()!r}"
            )
        self.spec = spec
        self._tokenizer = tokenizer
        tokenizer.no_padding()
        tokenizer.enable_truncation(max_length=spec.window, stride=spec.overlap)
        self._segment = segmenter() if spec.segmenter else None

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer with its windows; not to be changed."""
        return self._tokenizer

    def read(self, report: Report) -> ReadText:
        """Canonical and masked text of a report.

        Raises:
            TextRefused: The text is empty, too long or no Unicode text.
        """
        head = f"{report.title.strip()}\n" if report.title.strip() else ""
        canonical = canonicalise(head + report.text) if head else canonicalise(report.text)
        if not self.spec.masking:
            return ReadText(canonical, self._words(canonical.text), len(head), (0,), (0,))
        parts: list[str] = []
        starts, shifts = [0], [0]
        done = length = 0
        for data in find_personal_data(canonical.text):
            kept, word = canonical.text[done : data.start], f"<{data.kind}>"
            parts += (kept, word)
            length += len(kept) + len(word)
            done = data.end
            starts.append(length)
            shifts.append(done - length)
        text = "".join((*parts, canonical.text[done:])) if parts else canonical.text
        return ReadText(canonical, self._words(text), len(head), tuple(starts), tuple(shifts))

    def _words(self, text: str) -> str:
        return self._segment(text) if self._segment else text

    def windows(self, model_text: str) -> list[list[int]]:
        """Token ids of each window of a text, special tokens included."""
        encoding = self._tokenizer.encode(model_text)
        found = [encoding.ids, *(part.ids for part in encoding.overflowing)]
        return found[: self.spec.windows]

    def windows_of(self, model_texts: list[str]) -> list[list[list[int]]]:
        """``windows`` of many texts at once, on all cores."""
        encodings = self._tokenizer.encode_batch_fast(model_texts)
        return [
            [e.ids, *(part.ids for part in e.overflowing)][: self.spec.windows] for e in encodings
        ]

    @cached_property
    def fingerprint(self) -> str:
        """Hash of what the pipeline makes of fixed sentences."""
        digest = hashlib.sha256()
        for sentence in FINGERPRINT_SENTENCES:
            ids = self.windows(self.read(Report("fingerprint", sentence)).model_text)
            digest.update(repr(ids).encode())
        return digest.hexdigest()[:16]
