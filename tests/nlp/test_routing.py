"""Who is responsible: mandate, topic and place, under rules that stand above every score."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.city import Agency, City, Gazetteer, Taxonomy, Topic, TopicGroup, Ward
from nlp.domain import Kind, WardFinding
from nlp.routing import OPEN_WARD, Asked, Router, RoutingTable, mandate_clauses, topic_shares

TODAY = date(2026, 6, 1)


def agency(identifier: str, name: str, **more) -> Agency:
    defaults = {"abbr": "", "level": "city", "topics": (), "mandate": (f"việc của {identifier}",)}
    return Agency(identifier, name, **(defaults | more))


AGENCIES = (
    agency("den", "Đội chiếu sáng", mandate=("sửa đèn", "trồng trụ đèn")),
    agency("rac", "Đội vệ sinh"),
    agency("thanh-tra", "Thanh tra thành phố", receives_denunciations=True),
    agency("tiep-dan", "Ban tiếp công dân", receives_denunciations=True),
    agency("canh-sat", "Phòng điều tra", receives_denunciations=True),
    agency("cu", "Sở cũ", valid_to=date(2026, 5, 31)),
    agency("moi", "Sở mới", valid_from=date(2026, 6, 2)),
    agency("xa", "UBND phường xã", level="ward", ward_name="UBND {ward}"),
)


def topic(slug: str, *city_owners: str, **more) -> Topic:
    return Topic(slug, slug, "nhom", "", (), (), city_owners, more.pop("ward", ()), **more)


TOPICS = (
    topic("den-duong", "den", "rac", ward=("xa",)),
    topic("rac-thai", "rac"),
    topic("tham-nhung", "thanh-tra", restricted=True),
)
CITY = City(
    "Thành phố Thử",
    Taxonomy("1", (TopicGroup("nhom", "", "", TOPICS),), (), ()),
    {each.id: each for each in AGENCIES},
    "1",
    Gazetteer("1", "Thành phố Thử", (), (Ward("1", "Phường Một"), Ward("2", "Xã Hai"))),
)
SLUGS = tuple(CITY.taxonomy.topics)


def router(city: City = CITY, **table) -> Router:
    """Clauses lie at right angles to each other, so a text can be near to just one."""
    width = len(mandate_clauses(CITY)) + 2
    clauses = np.eye(len(mandate_clauses(city)), width, dtype=np.float32)
    return Router(city, SLUGS, clauses, RoutingTable(**table))


def asked(slug: str = "den-duong", near: int | None = None, **more) -> Asked:
    """About one topic, and near to the clause of that number."""
    embedding = np.zeros(len(mandate_clauses(CITY)) + 2, dtype=np.float32)
    embedding[-1 if near is None else near] = 1
    topics = np.where([known == slug for known in SLUGS], 0.96, 0.02)
    known = Asked(embedding, topics, slug, Kind.PHAN_ANH, "đèn tắt", WardFinding(), TODAY)
    return replace(known, **more)


def ids(suggestions) -> list[str]:
    return [each.id for each in suggestions]


def test_the_owner_of_the_topic_leads_and_the_clause_that_fits_best_is_quoted():
    lead, *others = router().suggest(asked(near=1))
    assert (lead.id, lead.role, lead.because) == ("den", "lead", "trồng trụ đèn")
    assert {other.role for other in others} == {"candidate"}


def test_nearness_to_a_mandate_outweighs_the_topic_where_the_table_says_so():
    near = asked(near=mandate_clauses(CITY).index("việc của rac"))
    assert ids(router(similarity=40.0).suggest(near))[0] == "rac"
    assert ids(router(similarity=0.0).suggest(near))[0] == "den"


def test_the_owner_named_first_has_the_largest_share():
    shares = topic_shares(CITY, SLUGS, RoutingTable())
    row = dict(zip(CITY.agencies, shares[0], strict=True))
    assert row["den"] == row["xa"] > row["rac"] > row["thanh-tra"] == 0
    assert shares.sum(axis=1) == pytest.approx(np.ones(len(SLUGS)))


def test_past_cases_outweigh_the_owner_lists_when_there_are_many():
    cases = {"den-duong": {"rac": 500.0, "no-such-agency": 900.0}}
    assert ids(router(cases=cases).suggest(asked()))[0] == "rac"
    assert ids(router(cases={"den-duong": {"rac": 1.0}}).suggest(asked()))[0] == "den"


@given(
    st.sampled_from(SLUGS),
    st.integers(0, len(mandate_clauses(CITY)) - 1),
    st.sampled_from(Kind),
    st.floats(0, 50),
    st.floats(0, 5),
)
def test_at_least_three_agencies_best_first_with_scores_that_share_one(
    slug, near, kind, similarity, prior
):
    found = router(similarity=similarity, prior=prior).suggest(asked(slug, near, kind=kind))
    scores = [each.score for each in found]
    assert 3 <= len(found) <= 5
    assert len(set(ids(found))) == len(found)
    assert scores == sorted(scores, reverse=True)
    assert min(scores) >= 0
    assert sum(scores) <= 1 + 1e-3  # rounded each
    assert [each.role for each in found] == ["lead"] + ["candidate"] * (len(found) - 1)


@pytest.mark.parametrize(
    ("day", "exists"),
    [
        (date(2026, 5, 31), {"cu"}),
        (date(2026, 6, 1), set()),
        (date(2026, 6, 2), {"moi"}),
    ],
)
def test_an_agency_is_suggested_from_its_first_day_to_its_last(day, exists):
    clauses = mandate_clauses(CITY)
    suggested = set()
    for each in ("cu", "moi"):
        near = clauses.index(f"việc của {each}")
        suggested |= set(ids(router(similarity=60.0).suggest(asked(near=near, day=day))))
    assert suggested & {"cu", "moi"} == exists


def test_a_restricted_denunciation_goes_only_to_those_who_receive_denunciations():
    found = router().suggest(asked("tham-nhung", 0, kind=Kind.TO_CAO))
    assert set(ids(found)) == {"thanh-tra", "tiep-dan", "canh-sat"}


def test_another_denunciation_may_go_to_any_agency():
    found = router(similarity=60.0).suggest(asked("rac-thai", 0, kind=Kind.TO_CAO))
    assert found[0].id == "den"


@pytest.mark.parametrize(
    "text",
    ["Tố cáo Đội chiếu sáng", "to cao doi chieu sang", "TỐ CÁO ĐỘI CHIẾU SÁNG"],
)
def test_a_denunciation_never_goes_to_the_office_that_it_names(text):
    near_it = asked("den-duong", 0, kind=Kind.TO_CAO, text=text)
    assert "den" not in ids(router().suggest(near_it))
    assert "den" in ids(router().suggest(replace(near_it, kind=Kind.PHAN_ANH)))


def test_a_denunciation_of_an_official_never_goes_to_the_ward_level():
    text = "tố cáo cán bộ địa chính"
    assert "xa" not in ids(router().suggest(asked(kind=Kind.TO_CAO, text=text)))
    assert "xa" in ids(router().suggest(asked(kind=Kind.TO_CAO)))


def test_even_who_receives_denunciations_gets_none_of_itself():
    accused = asked("tham-nhung", kind=Kind.TO_CAO, text="Thanh tra thành phố nhận tiền")
    assert set(ids(router().suggest(accused))) == {"tiep-dan", "canh-sat"}


def test_a_denunciation_of_everybody_is_suggested_to_nobody():
    everybody = ", ".join(each.name for each in AGENCIES)
    assert router().suggest(asked(kind=Kind.TO_CAO, text=everybody)) == ()


@pytest.mark.parametrize(
    ("ward", "name"),
    [
        (WardFinding("1", "P. Một"), "UBND phường Một"),
        (WardFinding("2", "xã Hai"), "UBND xã Hai"),
        (WardFinding(), f"UBND {OPEN_WARD}"),
        (WardFinding(None, "Một Hai", ("1", "2")), f"UBND {OPEN_WARD}"),
    ],
)
def test_a_ward_level_agency_is_named_after_its_ward_or_left_open(ward, name):
    names = {each.id: each.name for each in router().suggest(asked(ward=ward))}
    assert names["xa"] == name
    assert names["den"] == "Đội chiếu sáng"


def test_an_agency_that_is_added_to_the_city_is_suggested_at_once():
    new = agency("moi-them", "Đội mới", topics=("den-duong",))
    city = replace(CITY, agencies={**CITY.agencies, new.id: new})
    near = mandate_clauses(city).index("việc của moi-them")
    lead = router(city, similarity=40.0).suggest(asked(near=near))[0]
    assert (lead.id, lead.because) == ("moi-them", "việc của moi-them")


def test_the_table_survives_its_manifest():
    table = RoutingTable(similarity=7.5, cases={"den-duong": {"den": 3.0}})
    assert RoutingTable.from_json(table.to_json()) == table
