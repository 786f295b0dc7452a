"""The files that a rule file names for what stands in them: found, read and checked with it.

Lists, key sets and bodies of answers are read when the rule file is, so that a mistake in one is
told at the line that names it, and nothing has to be read when rules are compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sidecar.algorithms.network_list import NetworkList
from sidecar.algorithms.networks import DatedNetworks
from sidecar.model.files import FileSpec, Form
from sidecar.model.secret import SecretSpec, SecretText
from sidecar.model.spec import Spec
from sidecar.policies.token import KeyHolder, Keys
from sidecar.ruleset.diagnostics import Diagnostic, finding
from sidecar.ruleset.document import Document
from sidecar.ruleset.folder import Folder, NotReadable, Stamp
from sidecar.ruleset.list_text import ListProblem, parse_list
from sidecar.ruleset.nodes import Mapping as MapNode
from sidecar.ruleset.nodes import Node, Path, step
from sidecar.ruleset.parts import Parts
from sidecar.state.list_file import Entries, ListFile

#: A file and what is expected in it; the same file may be named for two things.
Use = tuple[str, Form]
#: What stands in a file, read.
Content = bytes | Entries | DatedNetworks | Keys

_SECRET_BYTES_AT_MOST: Final = 1 << 16


class Loaded(NamedTuple):
    """The content of a file, and how the file looked when it was read."""

    content: Content
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Attachments:
    """What stands in the files that one rule file names, by the names that it uses.

    Lists are live: their entries are replaced while rules that were compiled with them are in
    force.
    """

    texts: Mapping[str, bytes] = field(default_factory=dict)
    lists: Mapping[str, ListFile] = field(default_factory=dict)
    #: Lists of what values are hashed to, as bytes.
    digests: Mapping[str, ListFile] = field(default_factory=dict)
    networks: Mapping[str, NetworkList] = field(default_factory=dict)
    key_sets: Mapping[str, KeyHolder] = field(default_factory=dict)
    secrets: Mapping[SecretSpec, SecretText] = field(default_factory=dict)
    #: How each file looked when it was read; those of secrets are not among them.
    stamps: dict[Use, Stamp] = field(default_factory=dict)
    #: How each file looked that could not be used: when it looks different, it may be.
    refused: Mapping[str, Stamp] = field(default_factory=dict)

    def advance(self, wall_now: float) -> None:
        """It is ``wall_now``, in seconds since 1970: entries that end by then are none."""
        for live in (*self.lists.values(), *self.digests.values()):
            live.advance(wall_now)
        for addresses in self.networks.values():
            addresses.advance(wall_now)

    def secret(self, named: SecretSpec | SecretText) -> SecretText:
        """The secret that a field names, or is."""
        return named if isinstance(named, SecretText) else self.secrets[named]

    def replace(self, use: Use, loaded: Loaded) -> None:
        """Put the new content of a list in force, all at once."""
        (path, form), content = use, loaded.content
        if isinstance(content, DatedNetworks):
            self.networks[path].replace(content)
        elif isinstance(content, Mapping):
            (self.digests if form is Form.SHA256 else self.lists)[path].replace(content)
        elif not isinstance(content, bytes):
            self.key_sets[path].replace(content)
        self.stamps[use] = loaded.stamp


NOTHING_ATTACHED: Final = Attachments()


class BadContent(Exception):  # noqa: N818 - reads as what it says to the admin
    """A file is there, and what stands in it is not what is expected."""

    def __init__(self, use: Use, problems: list[ListProblem]) -> None:
        #: Each mistake as ``file:line:column: what``, with a hint.
        self.told = [
            (f"{use[0]}:{one.line}:{one.column}: {one.message}", one.hint) for one in problems
        ]
        super().__init__("; ".join(f"{text}; {hint}" for text, hint in self.told))


def load(folder: Folder, use: Use) -> Loaded:
    """Read a file. Raises ``NotReadable`` or ``BadContent``.

    A file that looks as it did when it was read last is not read again.
    """
    path, form = use
    before: Loaded | None = folder.remembered.get(use)
    if before is not None and before.stamp == folder.stamp(path):
        return before
    data, stamp = folder.read(path, _BYTES_AT_MOST[form])
    loaded = Loaded(_READING[form](use, data), stamp)
    folder.remembered[use] = loaded
    return loaded


def attach(
    parts: Parts, document: Document, folder: Folder
) -> tuple[Attachments, list[Diagnostic]]:
    """Read every file that the rule file names, and tell which of them cannot be used."""
    found: list[Diagnostic] = []
    loaded: dict[Use, Loaded] = {}
    secrets: dict[SecretSpec, SecretText] = {}
    refused: dict[str, Stamp] = {}
    for path, spec in _places(parts):
        if isinstance(spec, SecretText):
            message = "whoever reads the rules can read this secret"
            span = document.span(_written(path, document))
            hint = "write {env: NAME} or {file: PATH}"
            found.append(finding("literal-secret", message, document.name, span, hint))
            continue
        seen = folder.stamp(spec.file) if spec.file else None
        try:
            if isinstance(spec, SecretSpec):
                secrets[spec] = reveal(spec, folder)
            else:
                use = (spec.file, spec.expects)
                loaded[use] = load(folder, use)
        except (NotReadable, BadContent) as problem:
            found += _told(problem, path, spec, document)
            if spec.file:
                refused[spec.file] = seen
    folder.forget_all_but(loaded)
    return _attachments(loaded, secrets, refused), found


def reveal(spec: SecretSpec, folder: Folder) -> SecretText:
    """The secret that stands where ``spec`` says. Raises ``NotReadable``."""
    if spec.env:
        return SecretText(folder.variable(spec.env))
    data, _ = folder.read(spec.file, _SECRET_BYTES_AT_MOST)
    try:
        text = data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        message = f"{spec.file} is not UTF-8"
        raise NotReadable(message, "save the file as UTF-8") from None
    if not text:
        message = f"{spec.file} is empty"
        raise NotReadable(message, "write the secret into it, and nothing else")
    return SecretText(text)


def _attachments(
    loaded: Mapping[Use, Loaded],
    secrets: Mapping[SecretSpec, SecretText],
    refused: Mapping[str, Stamp],
) -> Attachments:
    texts: dict[str, bytes] = {}
    lists: dict[Form, dict[str, ListFile]] = {Form.VALUES: {}, Form.SHA256: {}}
    networks: dict[str, NetworkList] = {}
    key_sets: dict[str, KeyHolder] = {}
    for (path, form), (content, _) in loaded.items():
        if isinstance(content, bytes):
            texts[path] = content
        elif isinstance(content, DatedNetworks):
            networks[path] = NetworkList(content)
        elif isinstance(content, Mapping):
            lists[form][path] = ListFile(content)
        else:
            key_sets[path] = KeyHolder(content)
    stamps = {use: one.stamp for use, one in loaded.items()}
    values, digests = lists[Form.VALUES], lists[Form.SHA256]
    return Attachments(texts, values, digests, networks, key_sets, secrets, stamps, refused)


# --- what stands in a file


def _content(_use: Use, data: bytes) -> Content:
    return data


def _values(use: Use, data: bytes) -> Content:
    text = parse_list(data, use[1])
    if text.problems:
        raise BadContent(use, text.problems)
    return text.values


def _networks(use: Use, data: bytes) -> Content:
    text = parse_list(data, use[1])
    if text.problems:
        raise BadContent(use, text.problems)
    return text.dated_networks()


def _key_set(use: Use, data: bytes) -> Content:
    # Only here: whoever has no key set need not wait for the cryptography.
    from sidecar.algorithms.json_web_keys import BadKeySet, parse_key_set  # noqa: PLC0415

    try:
        return parse_key_set(data)
    except BadKeySet as error:
        raise BadContent(use, [ListProblem(1, 1, str(error), _KEY_SET_WRITTEN)]) from None


_KEY_SET_WRITTEN: Final = 'write a JSON Web Key Set: {"keys": [{"kty": …, "kid": …}]}'
_READING: Final[dict[Form, Callable[[Use, bytes], Content]]] = {
    Form.CONTENT: _content,
    Form.VALUES: _values,
    Form.SHA256: _values,
    Form.NETWORKS: _networks,
    Form.KEY_SET: _key_set,
}
_BYTES_AT_MOST: Final = {
    Form.CONTENT: 1 << 20,
    Form.VALUES: 1 << 26,
    Form.SHA256: 1 << 26,
    Form.NETWORKS: 1 << 26,
    Form.KEY_SET: 1 << 20,
}


# --- where files are named


_Named = FileSpec | SecretSpec | SecretText


def _places(parts: Parts) -> Iterator[tuple[Path, _Named]]:
    for path, spec in parts.drafts.items():
        yield from _within(path, spec)


def _within(path: Path, value: object) -> Iterator[tuple[Path, _Named]]:
    if isinstance(value, SecretText):
        yield path, value
    elif isinstance(value, FileSpec | SecretSpec):
        # A draft may lack its only field: that was said already.
        if getattr(value, "file", "") or getattr(value, "env", ""):
            yield path, value
    else:
        for part, below in _parts_of(value):
            yield from _within((*path, part), below)


def _parts_of(value: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, Spec):
        for name, declared in type(value).model_fields.items():
            yield declared.alias or name, getattr(value, name, None)
        yield from (value.__pydantic_extra__ or {}).items()
    elif isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, tuple):
        yield from enumerate(value)


def _told(
    problem: NotReadable | BadContent, path: Path, spec: FileSpec | SecretSpec, document: Document
) -> Iterator[Diagnostic]:
    field_name = "env" if isinstance(spec, SecretSpec) and spec.env else "file"
    span = document.span((*_written(path, document), field_name))
    if isinstance(problem, BadContent):
        for message, hint in problem.told:
            yield finding("bad-file", message, document.name, span, hint)
    else:
        code = "no-secret" if isinstance(spec, SecretSpec) else "missing-file"
        yield finding(code, str(problem), document.name, span, problem.hint)


def _written(path: Path, document: Document) -> Path:
    """The place without the numbers of lists that a single value stands for."""
    kept: list[str | int] = []
    node: Node | None = document.root
    for part in path:
        if isinstance(part, int) and isinstance(node, MapNode):
            continue
        kept.append(part)
        node = step(node, part) if node is not None else None
    return tuple(kept)
