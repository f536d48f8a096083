"""Finished cells in an SQLite file: what was run once is not run again."""

from lrbench.store.cells import Cell as Cell
from lrbench.store.cells import Store as Store
from lrbench.store.cells import store_at as store_at
from lrbench.store.contents import entries as entries
from lrbench.store.contents import merge as merge
from lrbench.store.contents import prune as prune
from lrbench.store.contents import result_of as result_of
from lrbench.store.database import is_store as is_store
from lrbench.store.database import opened as opened
