"""Products with some rows of a CSR matrix, by SciPy's routines without its wrappers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import _sparsetools as routines


class SparseRows:
    """Some rows of a CSR matrix, or the transpose of these rows.

    Products have the bits of SciPy's. Its operator checks and converts its operands anew each time,
    which takes longer than the product with a minibatch
    (docs/decisions/0023-sparse-routines.md).

    Parameters
    ----------
    shape
        That of the rows; the transpose has it reversed.
    ends
        Where each row begins and ends among the entries, (n_rows + 1,). It need not begin at 0, and
        may be replaced by that of as many other rows.
    columns, entries
        The columns and the values of all entries; never copied.
    transposed
        Whether it is the transpose.
    """

    __slots__ = ("_transposed", "columns", "ends", "entries", "shape")

    def __init__(
        self,
        shape: tuple[int, int],
        ends: NDArray[np.signedinteger[Any]],
        columns: NDArray[np.signedinteger[Any]],
        entries: NDArray[np.float64],
        *,
        transposed: bool = False,
    ) -> None:
        self.shape, self._transposed = shape, transposed
        # The routines would copy both arrays at every call if their types differed.
        self.ends = ends if ends.dtype == columns.dtype else ends.astype(columns.dtype)
        self.columns, self.entries = columns, entries

    @property
    def T(self) -> SparseRows:
        """The transpose, on the same arrays."""
        arrays, transposed = (self.ends, self.columns, self.entries), not self._transposed
        return SparseRows(self.shape[::-1], *arrays, transposed=transposed)

    def __getitem__(self, rows: slice) -> SparseRows:
        """Return some of these rows, on the same arrays; not of a transpose."""
        start, stop, _ = rows.indices(self.shape[0])
        ends = self.ends[start : stop + 1]
        return SparseRows((len(ends) - 1, self.shape[1]), ends, self.columns, self.entries)

    def __abs__(self) -> SparseRows:
        """Return the absolute values of these rows."""
        inside = slice(self.ends[0], self.ends[-1])
        ends, columns = self.ends - self.ends[0], self.columns[inside]
        entries = np.abs(self.entries[inside])
        return SparseRows(self.shape, ends, columns, entries, transposed=self._transposed)

    def __matmul__(self, B: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the product with `B`, of one axis or two."""
        out = np.zeros((self.shape[0], *B.shape[1:]))
        self.add_product(out, B)
        return out

    def add_product(self, out: NDArray[np.float64], B: NDArray[np.float64]) -> None:
        """Add the product with `B` to `out`, which is in C order."""
        arrays = self.ends, self.columns, self.entries, B, out
        n_rows, n_columns = self.shape
        # CSC has the arrays of the CSR form of its transpose.
        if B.size == n_columns:  # the same bits in less time
            one_column = routines.csc_matvec if self._transposed else routines.csr_matvec
            one_column(n_rows, n_columns, *arrays)
        else:
            columns = routines.csc_matvecs if self._transposed else routines.csr_matvecs
            columns(n_rows, n_columns, B.shape[1], *arrays)
