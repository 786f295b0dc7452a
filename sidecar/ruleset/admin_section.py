"""The `admin` section of a rule file: operators are answered over the network, too."""

from __future__ import annotations

from sidecar.model.secret import Secret
from sidecar.model.spec import Spec
from sidecar.model.values import Bind


class AdminSpec(Spec):
    """Operators and their programs are answered on a port, beside the Unix socket."""

    bind: Bind
    """The address to listen on, 127.0.0.1:9901 perhaps; what is said there is not encrypted."""
    token: Secret
    """What everybody must send there, as `Authorization: Bearer TOKEN`."""
