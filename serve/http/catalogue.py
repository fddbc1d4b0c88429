"""What the service knows, for machines: taxonomy, agencies, the model that answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from nlp.city import (
    Agency,
    KindDefinition,
    Taxonomy,
    Topic,
    TopicGroup,
    UrgencyDefinition,
    Ward,
)
from serve.http.contract import CurrentModelOut
from serve.http.openapi import NOT_READY
from serve.http.service import ServiceDep

router = APIRouter()


@router.get("/v1/taxonomy", summary="Kinds, topics, urgency, wards", responses=NOT_READY)
async def taxonomy(service: ServiceDep) -> Response:
    """Every label that an answer may hold, with its definition, and the present wards."""
    city = service.model.city
    wards = [_ward_to_json(ward) for ward in city.gazetteer.wards]
    return JSONResponse({"city": city.name, **taxonomy_to_json(city.taxonomy), "wards": wards})


@router.get("/v1/agencies", summary="Agencies and their mandates", responses=NOT_READY)
async def agencies(service: ServiceDep) -> Response:
    """Every agency that an answer may name, with the clauses its mandate is made of."""
    city = service.model.city
    listed = [_agency_to_json(agency) for agency in city.agencies.values()]
    return JSONResponse({"version": city.agencies_version, "agencies": listed})


@router.get(
    "/v1/models/current",
    summary="The model that answers",
    responses={200: {"model": CurrentModelOut}, **NOT_READY},
)
async def current_model(service: ServiceDep) -> Response:
    """Versions of model, taxonomy and agencies, and how much one call may hold."""
    settings = service.settings
    limits = {
        "max_body_bytes": settings.max_body_bytes,
        "max_items": settings.max_items,
        "max_text_characters": settings.max_text_characters,
    }
    return JSONResponse({**versions_to_json(service), "limits": limits})


def versions_to_json(service: ServiceDep) -> dict[str, str]:
    """Versions of what is loaded; NotReady if nothing is."""
    model = service.model
    return {
        "model_version": model.version,
        "taxonomy_version": model.city.taxonomy.version,
        "agencies_version": model.city.agencies_version,
    }


def taxonomy_to_json(taxonomy: Taxonomy) -> dict[str, object]:
    """The taxonomy as the interface shows it."""
    return {
        "version": taxonomy.version,
        "kinds": [_kind_to_json(kind) for kind in taxonomy.kinds],
        "groups": [_group_to_json(group) for group in taxonomy.groups],
        "urgency_levels": [_level_to_json(level) for level in taxonomy.levels],
    }


def _kind_to_json(kind: KindDefinition) -> Mapping[str, object]:
    return {
        "slug": kind.kind.value,
        "label": kind.label,
        "definition": kind.definition,
        "test_question": kind.test_question,
        "guidance": list(kind.guidance),
    }


def _group_to_json(group: TopicGroup) -> Mapping[str, object]:
    return {
        "slug": group.slug,
        "label": group.label,
        "definition": group.definition,
        "topics": [_topic_to_json(topic) for topic in group.topics],
    }


def _topic_to_json(topic: Topic) -> Mapping[str, object]:
    return {
        "slug": topic.slug,
        "label": topic.label,
        "definition": topic.definition,
        "guidance": list(topic.guidance),
        "examples": list(topic.examples),
        "city_owners": list(topic.city_owners),
        "ward_owners": list(topic.ward_owners),
        "restricted": topic.restricted,
    }


def _level_to_json(level: UrgencyDefinition) -> Mapping[str, object]:
    return {
        "level": int(level.level),
        "slug": level.level.slug,
        "label": level.label,
        "definition": level.definition,
        "first_action": level.first_action,
        "handle_within_hours": level.handle_within_hours,
        "handle_within_working_days": level.handle_within_working_days,
        "guidance": list(level.guidance),
    }


def _ward_to_json(ward: Ward) -> Mapping[str, object]:
    former = [{"name": unit.name, "district": unit.district} for unit in ward.former]
    return {"code": ward.code, "name": ward.name, "former": former}


def _agency_to_json(agency: Agency) -> Mapping[str, object]:
    aliases = [{"name": alias.name, "until": _day(alias.until)} for alias in agency.aliases]
    return {
        "id": agency.id,
        "name": agency.name,
        "abbr": agency.abbr,
        "level": agency.level,
        "topics": list(agency.topics),
        "mandate": list(agency.mandate),
        "aliases": aliases,
        "valid_from": _day(agency.valid_from),
        "valid_to": _day(agency.valid_to),
        "successor": agency.successor,
        "receives_denunciations": agency.receives_denunciations,
        "call": agency.call,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
