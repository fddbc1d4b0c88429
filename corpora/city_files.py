"""Loads the folder of a city: its taxonomy, kinds, urgency levels, agencies and wards.

Everything is checked while it is read, because a wrong owner or a misspelt topic would otherwise
show itself as a report sent to the wrong desk. Every error names the file and the line.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from corpora.city_agencies import read_agencies
from corpora.city_taxonomy import read_groups, read_kinds, read_levels
from corpora.city_wards import read_gazetteer
from corpora.city_yaml import Value, read_yaml
from nlp.city import City, Taxonomy

if TYPE_CHECKING:
    from collections.abc import Collection

#: The city that ships with the package.
DEFAULT_FOLDER = Path(__file__).parent / "hue"
_HASH_LENGTH = 8  # hexadecimal digits: enough to tell the editions of one file apart


def load_city(folder: Path | None = None, *, agencies: Path | None = None) -> City:
    """Everything that is known about a city, checked.

    Args:
        folder: Holds taxonomy.yaml, kinds.yaml, urgency.yaml, agencies.yaml and wards.yaml;
            by default the city that ships with the package.
        agencies: Another agencies file, read instead of the one in the folder.

    Raises:
        CityDataInvalid: a file is missing or wrong; the message names file and line.
    """
    folder = folder or DEFAULT_FOLDER
    taxonomy_file, taxonomy_bytes = read_yaml(folder / "taxonomy.yaml")
    kinds_file, kinds_bytes = read_yaml(folder / "kinds.yaml")
    urgency_file, urgency_bytes = read_yaml(folder / "urgency.yaml")
    agencies_file, agencies_bytes = read_yaml(agencies or folder / "agencies.yaml")
    wards_file, _ = read_yaml(folder / "wards.yaml")

    taxonomy = _taxonomy(
        taxonomy_file,
        kinds_file,
        urgency_file,
        _hash(taxonomy_bytes, kinds_bytes, urgency_bytes),
    )
    charged, version = read_agencies(agencies_file, taxonomy.topics.keys())
    _check_owners(taxonomy_file, charged.keys())
    gazetteer = read_gazetteer(wards_file)
    return City(
        name=gazetteer.city,
        taxonomy=taxonomy,
        agencies=charged,
        agencies_version=f"{version}+{_hash(agencies_bytes)}",
        gazetteer=gazetteer,
    )


def _taxonomy(topics: Value, kinds: Value, urgency: Value, content_hash: str) -> Taxonomy:
    version, groups = read_groups(topics)
    levels, questions, not_cues = read_levels(urgency)
    return Taxonomy(
        version=f"{version}+{content_hash}",
        groups=groups,
        kinds=read_kinds(kinds),
        levels=levels,
        urgency_questions=questions,
        urgency_not_cues=not_cues,
    )


def _check_owners(taxonomy: Value, agencies: Collection[str]) -> None:
    # Goes through the file once more: only now are the agencies known.
    for group in taxonomy.child("groups").items():
        for leaf in group.child("leaves").items():
            for level in ("city", "ward"):
                for owner in leaf.child("owners", level).items():
                    if owner.text() not in agencies:
                        message = f"unknown agency {owner.text()!r}: expected an id of an agency"
                        raise owner.error(message)


def _hash(*contents: bytes) -> str:
    digest = hashlib.sha256()
    for content in contents:
        digest.update(len(content).to_bytes(8) + content)
    return digest.hexdigest()[:_HASH_LENGTH]
