"""Rule files from text, compiled as a start or a reload does it, and requests to ask them with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from sidecar.algorithms.networks import address_number
from sidecar.model.http import RequestHead
from sidecar.model.policy import Rule
from sidecar.model.verdict import Park
from sidecar.proxy.chain import Passage, admit
from sidecar.ruleset.check import Checked, check
from sidecar.ruleset.compiler import adopt, compile_rules
from sidecar.ruleset.routes import Chain, DecisionCount, Route, RuleSet
from sidecar.ruleset.surroundings import CountOf, Surroundings

FOLDER = PurePosixPath("/etc/shop")


@dataclass
class Count:
    """What the chain counts for one rule."""

    admitted: int = 0
    refused: int = 0
    parked: int = 0
    applied: int = 0


def count_anything(rule: Rule) -> DecisionCount:  # noqa: ARG001 - the compiler's contract
    return Count()


def rule_file(
    rest: str = "",
    *,
    inbound: str = "{bind: 127.0.0.1:8080}",
    upstreams: str = "{app: {url: http://127.0.0.1:9000}}",
) -> str:
    """The text of a rule file with these sections."""
    return (
        "format: sidecar/v1\nservice: shop\n"
        f"listeners: {{inbound: {inbound}}}\nupstreams: {upstreams}\n{rest}"
    )


def checked(text: str) -> Checked:
    """The file, which must have no error."""
    found = check(text, "shop.yaml")
    assert found.file is not None, [(one.code, one.line, one.message) for one in found.diagnostics]
    return found


def compiled(
    text: str,
    previous: RuleSet | None = None,
    *,
    folder: PurePosixPath = FOLDER,
    count_of: CountOf = count_anything,
    surroundings: Surroundings | None = None,
) -> RuleSet:
    """The rule set of a good file."""
    good = checked(text)
    assert good.file is not None
    given = surroundings or Surroundings(folder, count_of)
    return compile_rules(good.file, good.document, given, previous)


def reloaded(text: str, previous: RuleSet, now: float) -> RuleSet:
    """The rule set of a good file that takes the place of another one at ``now``."""
    rules = compiled(text, previous)
    adopt(rules, previous, now)
    return rules


def request(
    path: str = "/", *, method: str = "GET", client: str = "192.0.2.1", **fields: str
) -> RequestHead:
    """A request as the wire and trust leave it; ``x_user`` is the field ``x-user``."""
    head = RequestHead(method, path.encode(), 1)
    head.path, head.client = path.encode(), client.encode()
    head.client_number = address_number(head.client)
    head.fields = {name.replace("_", "-").encode(): one.encode() for name, one in fields.items()}
    return head


def route_of(rules: RuleSet, asked: RequestHead) -> Route:
    """The kind of a request that arrives."""
    return rules.listeners["inbound"].find_route(asked)


def chain_of(rules: RuleSet, asked: RequestHead) -> Chain:
    """The rules that hold for a request, found as the exchange finds them."""
    route = route_of(rules, asked)
    return route.chain if route.chain_for is None else route.chain_for(asked)


def enforced(rules: RuleSet, asked: RequestHead) -> list[str]:
    """``kind/name`` of the enforced rules of a request, in their order."""
    return [step.label for step in chain_of(rules, asked).enforced]


def shadow(rules: RuleSet, asked: RequestHead) -> list[str]:
    """The same for those in shadow."""
    return [step.label for step in chain_of(rules, asked).shadow]


def refusal(rules: RuleSet, asked: RequestHead, now: float) -> str:
    """Why a request is refused, empty when it is admitted."""
    answer = admit(chain_of(rules, asked), asked, Passage(), now)
    assert not isinstance(answer, Park)
    return "" if answer is None else answer.reason


def admitted(rules: RuleSet, asked: RequestHead, now: float, most: int = 1000) -> int:
    """How many requests like this one are let in at once."""
    for count in range(most):
        if refusal(rules, asked, now):
            return count
    return most
