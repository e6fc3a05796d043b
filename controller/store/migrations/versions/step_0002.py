"""Facts of alarms can be read by month."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ABOUT_ALARMS = sa.text("kind >= 'Alarm' AND kind < 'Alarn'")


def upgrade() -> None:
    """Make the index; a journal of years wants a minute for it, once."""
    op.create_index(
        "facts_alarms", "facts", ["line", "at", "seq"], sqlite_where=_ABOUT_ALARMS, postgresql_where=_ABOUT_ALARMS
    )
