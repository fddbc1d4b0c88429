"""Every error of the domain. The docstring is the message where none is given."""

from __future__ import annotations


class PhanAnhError(Exception):
    """Something went wrong in Phản Ánh."""

    #: Stable machine-readable code, used in HTTP problems and in item errors.
    code = "internal"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())

    @property
    def message(self) -> str:
        """The sentence for a person; it never holds a citizen's text."""
        return str(self.args[0])


class TextRefused(PhanAnhError):
    """The text can't be read."""

    code = "text_refused"


class TextEmpty(TextRefused):
    """The text is empty: expected at least one letter or digit."""

    code = "text_empty"


class TextTooLong(TextRefused):
    """The text is too long."""

    code = "text_too_long"


class ItemInvalid(PhanAnhError):
    """A field of the item has a wrong type or value."""

    code = "item_invalid"


class WardUnknown(ItemInvalid):
    """The ward code or name is not one of the city's wards."""

    code = "ward_unknown"


class DuplicateId(ItemInvalid):
    """Another item of the same call has this id."""

    code = "duplicate_id"


class InferenceFailed(PhanAnhError):
    """The model could not read this text."""

    code = "inference_failed"


class CityDataInvalid(PhanAnhError):
    """A file that describes the city is wrong."""

    code = "city_data_invalid"


class ArtifactInvalid(PhanAnhError):
    """The model artifact is incomplete, damaged or of another pipeline."""

    code = "artifact_invalid"


class ExtraMissing(PhanAnhError):
    """An optional part of the installation is missing."""

    code = "extra_missing"


class ReportsInvalid(PhanAnhError):
    """A file of labelled reports is wrong."""

    code = "reports_invalid"


class JsonInvalid(PhanAnhError):
    """The bytes are not one strict JSON value in UTF-8."""

    code = "json_invalid"


class LineTooLong(PhanAnhError):
    """The line is longer than the limit."""

    code = "line_too_long"


class InputInvalid(PhanAnhError):
    """The file as a whole is not what the command reads."""

    code = "input_invalid"


class ModelUnknown(PhanAnhError):
    """No model version of this name is registered."""

    code = "model_unknown"


class ListenFailed(PhanAnhError):
    """The service can't listen on its address."""

    code = "listen_failed"
