"""Is the process alive, does it answer, and how is it doing."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from serve.http.catalogue import versions_to_json
from serve.http.contract import AliveOut, VersionsOut
from serve.http.metrics import CONTENT_TYPE
from serve.http.openapi import NOT_READY
from serve.http.service import ServiceDep

router = APIRouter()


@router.get("/livez", summary="Alive", responses={200: {"model": AliveOut}})
async def livez() -> Response:
    """The process answers; says nothing about the model."""
    return JSONResponse({"status": "alive"})


@router.get("/readyz", summary="Ready", responses={200: {"model": VersionsOut}, **NOT_READY})
async def readyz(service: ServiceDep) -> Response:
    """The model named here is loaded and a golden text passed; otherwise 503 with the reason."""
    service.check_ready()
    return JSONResponse({"status": "ready", **versions_to_json(service)})


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics(service: ServiceDep) -> Response:
    """Counts and durations; nothing that a citizen wrote."""
    return Response(service.metrics.exposition(), media_type=CONTENT_TYPE)
