"""The store: finished cells in an SQLite file, which a later command does not run again."""

from lrbench.experiment.store.changes import merge_stores as merge_stores
from lrbench.experiment.store.changes import prune_cells as prune_cells
from lrbench.experiment.store.changes import prune_damaged as prune_damaged
from lrbench.experiment.store.contents import result_of as result_of
from lrbench.experiment.store.contents import stored_cells as stored_cells
from lrbench.experiment.store.database import is_store as is_store
from lrbench.experiment.store.database import no_note as no_note
from lrbench.experiment.store.database import opened as opened
from lrbench.experiment.store.database import to_stderr as to_stderr
from lrbench.experiment.store.rows import check_cells as check_cells
from lrbench.experiment.store.store import Store as Store
from lrbench.experiment.store.store import store_at as store_at
