"""What the configuration says of oversubscription, as the core and the nodes are told it."""

from __future__ import annotations

from pathlib import Path

from portico.composing.mesos import offer_settings
from portico.composing.nodes import node_config
from portico.domain.identity import SECOND
from portico.settings import NodeSettings, RetentionSettings, Settings

LENDS, KEEPS = NodeSettings(name="lends", oversubscribe=0.5), NodeSettings(name="keeps")


def period_of(node: NodeSettings, **said: int) -> int:
    return node_config(node, RetentionSettings(), Path("/"), "unix:x", "s", **said).slack_period  # type: ignore[arg-type]


def test_only_nodes_that_lend_measure() -> None:
    assert period_of(LENDS) == 15 * SECOND
    assert period_of(LENDS, slack_period=1000) == 1000
    assert period_of(KEEPS, slack_period=1000) == 0


def test_the_core_is_told_the_shares_in_thousandths() -> None:
    settings = Settings(data_dir=Path("/"), nodes=(LENDS, KEEPS))
    assert offer_settings(settings).oversubscribe == {"lends": 500}
