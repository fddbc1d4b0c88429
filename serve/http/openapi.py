"""The OpenAPI 3.1 document: shapes from ``contract``, examples in Vietnamese."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from serve.http.contract import ClassifyAnswer, ClassifyCall, ProblemOut

_REFERENCE = "#/components/schemas/{model}"
_PROBLEM_TYPE = "application/problem+json"

_CALL_EXAMPLE: dict[str, Any] = {
    "items": [
        {
            "id": "pa-1",
            "text": "Đèn đường trước cổng trường tắt cả tuần ni, tối mô cũng có người té xe.",
            "channel": "app",
            "sent_at": "2026-04-30T15:17:00+07:00",
        },
        {"id": "pa-2", "text": "   "},
    ],
    "explain": False,
}
_ANSWER_EXAMPLE: dict[str, Any] = {
    "results": [
        {
            "id": "pa-1",
            "kind": "phan-anh",
            "kind_probability": 0.97,
            "topic": "den-duong",
            "topic_group": "dien-chieu-sang",
            "topic_probability": 0.91,
            "topic_alternatives": [{"topic": "mat-dien-su-co", "probability": 0.05}],
            "also": [],
            "urgency": "cao",
            "urgency_probability": 0.72,
            "call_now": False,
            "agencies": [
                {
                    "id": "tt-ha-tang",
                    "name": "Trung tâm Quản lý và Khai thác hạ tầng",
                    "role": "lead",
                    "score": 0.83,
                    "because": "vận hành hệ thống chiếu sáng công cộng",
                },
                {
                    "id": "ubnd-cap-xa",
                    "name": "UBND phường, xã nơi xảy ra vụ việc",
                    "role": "candidate",
                    "score": 0.41,
                    "because": "quản lý hạ tầng trên địa bàn theo phân cấp",
                },
                {
                    "id": "dien-luc",
                    "name": "Công ty Điện lực",
                    "role": "candidate",
                    "score": 0.22,
                    "because": "quản lý, vận hành lưới điện phân phối",
                },
            ],
            "ward": None,
            "ward_code": None,
            "ward_evidence": "",
            "ward_candidates": [],
            "restricted": False,
            "decision": "review",
            "reasons": ["urgency is close to the line between cao and binh-thuong"],
            "model_version": "3f9c2a7b51d0",
            "taxonomy_version": "1.0.0",
            "agencies_version": "2026-03-01",
        },
        {
            "id": "pa-2",
            "error": {
                "code": "text_empty",
                "message": "The text is empty: expected at least one letter or digit.",
            },
        },
    ]
}

#: What each refusal of a call means.
_PROBLEMS = {
    400: "Not one strict JSON value in UTF-8 (`json_invalid`).",
    408: "The body did not arrive in time (`body_too_slow`).",
    413: "The body is too large (`body_too_large`).",
    415: "Not `application/json` (`media_type_unsupported`).",
    422: "A field of the call is wrong, e.g. too many items (`call_invalid`).",
    429: "Too many reports are waiting (`queue_full`); see `Retry-After`, in seconds.",
    503: "Starting or stopping (`not_ready`); see `Retry-After`, in seconds.",
}


def problem_answer(description: str) -> dict[str, Any]:
    """An answer of type problem+json."""
    schema = {"$ref": _REFERENCE.format(model=ProblemOut.__name__)}
    return {"description": description, "content": {_PROBLEM_TYPE: {"schema": schema}}}


NOT_READY: dict[int | str, dict[str, Any]] = {503: problem_answer(_PROBLEMS[503])}

#: Keyword arguments of the route of /v1/classify.
CLASSIFY: dict[str, Any] = {
    "summary": "Read reports",
    "responses": {
        200: {
            "model": ClassifyAnswer,
            "description": "One result for each item, in the same order.",
        },
        **{status: problem_answer(text) for status, text in _PROBLEMS.items()},
    },
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": _REFERENCE.format(model=ClassifyCall.__name__)},
                    "example": _CALL_EXAMPLE,
                }
            },
        }
    },
}


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The document, built once for an application."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for shape in (ClassifyCall, ProblemOut):
            own = shape.model_json_schema(ref_template=_REFERENCE)
            schemas |= own.pop("$defs", {})
            schemas[shape.__name__] = own
        # Set here because get_openapi drops every null, and "no ward" is one.
        answer = document["paths"]["/v1/classify"]["post"]["responses"]["200"]
        answer["content"]["application/json"]["example"] = _ANSWER_EXAMPLE
        app.openapi_schema = document
    return app.openapi_schema
