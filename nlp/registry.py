"""The model versions of an installation, and which of them answers.

A registry is a directory: one folder per version, one small file per pointer (``champion`` answers,
``challenger`` waits for promotion, ``previous`` is where a rollback goes), and ``history.jsonl``,
which is only appended to. Every flip replaces one file in one step, so a reader, or a machine that
loses power, sees the old version or the new one and nothing between. Where nothing was promoted
yet, the artifact that ships with the package answers; it is called ``shipped``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from nlp.errors import ArtifactInvalid, JsonInvalid, ModelUnknown
from nlp.strict_json import strict_json

#: The name of the artifact in the package.
SHIPPED = "shipped"
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
POINTERS = (CHAMPION, CHALLENGER, PREVIOUS)

#: A version is a content hash or a name like one; never a path, a hidden file or a pointer.
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def default_artifact() -> Path:
    """The folder of the artifact that ships with the package."""
    return Path(__file__).parent / "model"


def served_artifact(folder: Path | None) -> Path:
    """The artifact to serve: of a folder that is one, or that is a registry, or the shipped one."""
    if folder is None:
        return default_artifact()
    if (folder / "manifest.json").exists() or not (folder / CHAMPION).exists():
        return folder
    return Registry(folder).resolve(CHAMPION)


def read_manifest(folder: Path) -> Mapping[str, object]:
    """The manifest of an artifact, for display: nothing in it is verified here.

    Raises:
        ArtifactInvalid: There is no manifest, or it is not a JSON object.
    """
    path = folder / "manifest.json"
    try:
        manifest = strict_json(path.read_bytes())
    except OSError as error:
        raise ArtifactInvalid(f"{path}: expected a readable file ({error.strerror})") from error
    except JsonInvalid as error:
        raise ArtifactInvalid(f"{path}: {error.message}") from error
    if not isinstance(manifest, dict):
        raise ArtifactInvalid(f"{path}: expected a JSON object")
    return manifest


def _verify_artifact(folder: Path) -> None:
    from nlp.artifact import verify  # the registry can be listed without what loading needs

    verify(folder)


class Registry:
    """Model versions under one directory. Safe for several processes and threads at a time."""

    def __init__(self, root: Path, *, verify: Callable[[Path], object] = _verify_artifact) -> None:
        """Look at a directory; it need not exist until the first change.

        Args:
            root: The directory.
            verify: Raises ArtifactInvalid unless the folder is a whole artifact.
        """
        self.root = root
        self._verify = verify

    def versions(self) -> tuple[str, ...]:
        """The registered versions, oldest first by the time in their manifests."""
        if not self.root.is_dir():
            return ()
        names = [
            path.name
            for path in self.root.iterdir()
            if _is_version(path.name) and (path / "manifest.json").is_file()
        ]
        return tuple(sorted(names, key=lambda name: (self._created(name), name)))

    def pointer(self, name: str) -> str | None:
        """The version that ``champion``, ``challenger`` or ``previous`` names, if any."""
        try:
            version = (self.root / name).read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            version = ""
        return version or (SHIPPED if name == CHAMPION else None)

    def resolve(self, name_or_version: str) -> Path:
        """The folder of a pointer or a version.

        Raises:
            ModelUnknown: Names what is registered.
        """
        version = self._version(name_or_version)
        folder = self._folder(version)
        if version != SHIPPED and not (_is_version(version) and folder.is_dir()):
            known = ", ".join((SHIPPED, *self.versions()))
            raise ModelUnknown(
                f"{version[:128]!r} is no model version in {self.root}: expected one of "
                f"{known} or a pointer ({', '.join(POINTERS)})"
            )
        return folder

    def history(self) -> list[Mapping[str, object]]:
        """Every recorded flip, oldest first: ``at``, ``action``, ``by``, ``from``, ``to``."""
        try:
            lines = (self.root / "history.jsonl").read_bytes().splitlines()
        except FileNotFoundError:
            return []
        return [entry for line in lines if (entry := _history_entry(line)) is not None]

    def add(self, folder: Path, *, by: str) -> str:
        """Copy an artifact into the registry and make it the challenger.

        Returns:
            Its version. Adding a version that is registered already copies nothing.

        Raises:
            ArtifactInvalid: The artifact does not verify, or its version is no version name.
        """
        self._verify(folder)
        version = read_manifest(folder).get("version")
        if not isinstance(version, str) or not _is_version(version):
            raise ArtifactInvalid(f"{folder}: expected a content hash as version in the manifest")
        with self._locked():
            if not (self.root / version).is_dir():
                self._copy_in(folder, version)
            before = self.pointer(CHALLENGER)
            self._point(CHALLENGER, version)
            self._record("add", by, before, version)
        return version

    def promote(self, version: str, *, by: str) -> str:
        """Make a version (or the one a pointer names) the champion; the old one is ``previous``.

        Returns:
            The new champion. Promoting the champion again changes nothing.

        Raises:
            ModelUnknown: There is no such version.
            ArtifactInvalid: The version does not verify; the champion stays.
        """
        with self._locked():
            chosen = self._checked(version)
            before = self.pointer(CHAMPION)
            if chosen == before:
                return chosen
            self._point(PREVIOUS, before)
            self._point(CHAMPION, chosen)
            self._record("promote", by, before, chosen)
            if self.pointer(CHALLENGER) == chosen:
                self._point(CHALLENGER, None)
            return chosen

    def rollback(self, *, by: str) -> str:
        """Swap ``champion`` and ``previous``.

        Returns:
            The new champion.

        Raises:
            ModelUnknown: There is nothing to go back to.
            ArtifactInvalid: The previous version does not verify; the champion stays.
        """
        with self._locked():
            before = self.pointer(CHAMPION)
            if self.pointer(PREVIOUS) in (None, before):
                raise ModelUnknown(
                    f"{self.root} has no previous version to go back to: promote one by its name"
                )
            chosen = self._checked(PREVIOUS)
            # The champion first: after a crash between the two, the city has what it asked for.
            self._point(CHAMPION, chosen)
            self._point(PREVIOUS, before)
            self._record("rollback", by, before, chosen)
            return chosen

    def _version(self, name_or_version: str) -> str:
        if name_or_version not in POINTERS:
            return name_or_version
        version = self.pointer(name_or_version)
        if version is None:
            raise ModelUnknown(f"{self.root} has no {name_or_version}")
        return version

    def _folder(self, version: str) -> Path:
        return default_artifact() if version == SHIPPED else self.root / version

    def _created(self, version: str) -> str:
        try:
            return str(read_manifest(self.root / version).get("created", ""))
        except ArtifactInvalid:
            return ""

    def _checked(self, name_or_version: str) -> str:
        """The version, once its folder is whole and holds what the folder's name says."""
        folder = self.resolve(name_or_version)
        version = self._version(name_or_version)
        self._verify(folder)
        if version != SHIPPED and read_manifest(folder).get("version") != version:
            raise ArtifactInvalid(f"{folder}: expected version {version} in its manifest")
        return version

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One change at a time, over threads and processes; freed when the holder dies."""
        import fcntl  # not everywhere; reading the registry needs no lock

        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._record_missed_flip()
            yield

    def _record_missed_flip(self) -> None:
        """Record a champion that history does not know: a crash came before its line."""
        flips = [entry for entry in self.history() if entry["action"] != "add"]
        known = flips[-1]["to"] if flips else SHIPPED
        champion = self.pointer(CHAMPION)
        if champion != known:
            self._record("found", "registry", str(known), champion)

    def _copy_in(self, folder: Path, version: str) -> None:
        with tempfile.TemporaryDirectory(dir=self.root, prefix=".add-") as scratch:
            copy = Path(scratch) / version
            shutil.copytree(folder, copy)
            for path in copy.rglob("*"):
                _sync(path)
            self._verify(copy)  # the source may have changed while it was copied
            os.replace(copy, self.root / version)
        _sync(self.root)

    def _point(self, name: str, version: str | None) -> None:
        """Flip one pointer in one step that survives a power cut. None takes it away."""
        pointer = self.root / name
        if version is None:
            pointer.unlink(missing_ok=True)
        else:
            fresh = self.root / f".{name}.new"  # the lock makes this writer the only one
            fresh.write_text(f"{version}\n", encoding="utf-8")
            _sync(fresh)
            os.replace(fresh, pointer)
        _sync(self.root)

    def _record(self, action: str, by: str, before: str | None, after: str | None) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = {"at": at, "action": action, "by": by, "from": before, "to": after}
        line = json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        with (self.root / "history.jsonl").open("ab+") as history:
            if history.tell() and not _ends_with_newline(history.fileno()):
                line = b"\n" + line  # the line before was torn by a crash
            history.write(line)
            history.flush()
            os.fsync(history.fileno())


def _is_version(name: str) -> bool:
    return bool(_VERSION.fullmatch(name)) and name not in (*POINTERS, SHIPPED, "history.jsonl")


def _history_entry(line: bytes) -> Mapping[str, object] | None:
    """The entry of a line; None for a line that a crash tore."""
    try:
        entry = strict_json(line)
    except JsonInvalid:
        return None
    return entry if isinstance(entry, dict) and {"action", "to"} <= entry.keys() else None


def _ends_with_newline(descriptor: int) -> bool:
    return os.pread(descriptor, 1, os.fstat(descriptor).st_size - 1) == b"\n"


def _sync(path: Path) -> None:
    """Bring a file or a directory's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
