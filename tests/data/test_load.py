import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn import datasets

from lrbench.data.bundled import BUNDLED, FILES, read_bundled
from lrbench.data.load import DataName, load_data
from lrbench.data.scaling import scaled
from lrbench.errors import DataError, UsageError

TEXT = "1 1:1\n2 1:3\n"


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_sets_are_those_of_sklearn(name: str) -> None:
    bunch = getattr(datasets, BUNDLED[name][0])()
    for _ in range(2):  # from the source, then from the cache
        data = load_data(DataName(f"sklearn:{name}"))
        np.testing.assert_array_equal(data.X, bunch.data)
        np.testing.assert_array_equal(data.y, bunch.target)
        names = bunch.get("target_names")
        assert data.labels == (None if names is None else tuple(map(str, names)))


def test_sets_that_no_file_of_sklearn_changes_are_read_without_importing_it() -> None:
    code = f"""
import sys
from lrbench.data.bundled import read_bundled
for name in {sorted(FILES)}:
    read_bundled(name)
    assert "sklearn" not in sys.modules, name
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@pytest.mark.parametrize("content", [b"", b"2,1,a,b\n1,0\n", b"1,1,a,b\nx,0\n", None])
def test_a_file_of_another_form_is_left_to_sklearn(
    content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: Path) -> bytes:
        if content is None:
            raise FileNotFoundError(path)
        return content

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", read)
        parsed = read_bundled("iris")
    np.testing.assert_array_equal(parsed.X, datasets.load_iris().data)


def test_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.svm"
    path.write_text(TEXT)
    first = load_data(DataName(str(path)))
    assert load_data(DataName(str(path))).content_hash == first.content_hash
    path.write_text(TEXT.replace("3", "4"))
    os.utime(path, ns=(1, 1))  # the same size, another time
    second = load_data(DataName(str(path)))
    assert second.X[1, 0] == 4
    assert second.content_hash != first.content_hash


def test_content_hash_is_of_the_content(tmp_path: Path) -> None:
    for name, text in (("a", TEXT), ("b", "# same data\n" + TEXT), ("c", TEXT + "1 1:1\n")):
        (tmp_path / name).write_text(text)
    a, b, c = (load_data(DataName(name, folder=tmp_path)).content_hash for name in "abc")
    assert a == b != c


def test_content_hash_tells_empty_columns_at_the_end(tmp_path: Path) -> None:
    for name, last in (("a", 9), ("b", 10), ("c", 10)):
        (tmp_path / name).write_text(f"1 1:1 8:2 {last}:0\n-1 2:1\n")
    a, b, c = (load_data(DataName(name, folder=tmp_path)) for name in "abc")
    assert (a.X.shape, b.X.shape) == ((2, 9), (2, 10))
    assert a.content_hash != b.content_hash == c.content_hash


def test_relative_path_is_relative_to_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "data").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    assert load_data(DataName("data", folder=tmp_path / "sub")).X.shape == (2, 1)
    assert load_data(DataName("sub/data")).X.shape == (2, 1)
    with pytest.raises(DataError, match="no data called 'data'"):
        load_data(DataName("data"))
    with pytest.raises(DataError, match=r"there is no file data\.svm"):
        load_data(DataName("data.svm"))
    with pytest.raises(DataError, match="is a folder"):
        load_data(DataName("sub"))


@pytest.mark.parametrize(
    ("name", "hint"), [("a9b", "did you mean a9a?"), ("qqqqq", "see lrbench data list.")]
)
def test_unknown_bare_name(name: str, hint: str) -> None:
    with pytest.raises(DataError, match=f"no data called '{name}'") as caught:
        load_data(DataName(name))
    assert caught.value.hint == hint


def test_a_set_that_is_not_here_is_not_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="the set a9a is not in"):
        load_data(DataName("a9a"))
    (tmp_path / "a9a").mkdir()  # a folder is no data
    with pytest.raises(DataError, match="the set a9a is not in"):
        load_data(DataName("a9a"))
    (tmp_path / "a9a").rmdir()
    (tmp_path / "a9a").write_text(TEXT)
    for data in (DataName("a9a"), DataName("a9a", folder=tmp_path)):
        with pytest.raises(UsageError, match="both a file here and a set of the LIBSVM") as caught:
            load_data(data)
        assert caught.value.hint.startswith("write ./a9a for the file")
    assert load_data(DataName("./a9a")).X.shape == (2, 1)
    (tmp_path / "a9a").unlink()
    (tmp_path / "a9a").symlink_to("nowhere")
    with pytest.raises(UsageError, match="both a file here and a set"):
        load_data(DataName("a9a"))


def test_the_width_is_that_of_the_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("a9a", "a9a.t", "my-own", "svmguide3")
    for name in names:
        (tmp_path / name).write_text("1 1:1\n-1 119:1\n")
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)  # the file here is the set
    widths = {name: load_data(DataName(name)).X.shape[1] for name in names}
    assert widths == {"a9a": 123, "a9a.t": 123, "my-own": 119, "svmguide3": 119}
    assert load_data(DataName("./a9a")).X.shape == (2, 119)
    (tmp_path / "a9a").write_text("1 1:1\n-1 124:1\n")
    assert load_data(DataName("a9a")).X.shape == (2, 124)


def test_zero_based_is_passed_on(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(TEXT)
    shapes = {
        base: load_data(DataName("./a", folder=tmp_path, zero_based=base)).X.shape
        for base in ("auto", "no", "yes")
    }
    assert shapes == {"auto": (2, 1), "no": (2, 1), "yes": (2, 2)}
    for name in ("sklearn:iris", "generated:gaussian"):
        with pytest.raises(UsageError, match="are not LIBSVM text"):
            load_data(DataName(name, zero_based="no"))


@pytest.mark.parametrize("suffix", [".bz2", ".gz", ".xz"])
@pytest.mark.parametrize(
    ("name", "says", "hint"),
    [
        ("mine", "no data called", "./mine"),
        ("a.svm", "no file", "a.svm"),
        ("./a.svm", "no file", "a.svm"),
    ],
)
def test_a_compressed_file_of_the_name_is_pointed_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str, hint: str, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name + suffix).touch()
    with pytest.raises(DataError, match=says) as caught:
        load_data(DataName(name))
    assert caught.value.hint == f"did you mean {hint}{suffix}?"


def test_file_whose_name_is_not_utf_8(invoke: Any, tmp_path: Path) -> None:
    name = os.fsdecode(b"b\xffd.svm")
    (tmp_path / name).write_text("1 1:1\n2 1:3\n3 1:2\n")
    saved = tmp_path / "out.json"
    options = ["run", "-d", str(tmp_path / name), "-n", "3", "-q", "--save", str(saved), "--force"]
    for form in ("plain", "json", "csv"):
        outcome = invoke(*options, "--format", form)
        assert outcome.code == 0, outcome.err
        outcome.out.encode()  # no surrogate is left
    problem = json.loads(saved.read_bytes())["problems"][0]
    assert problem["data"] == f"{tmp_path}/b\\udcffd.svm"
    assert problem["name"] == "least-squares-b\\udcffd"
    absent = invoke("run", "-d", str(tmp_path / f"no{name}"), "-q")
    assert absent.code == 3
    assert f"{tmp_path}/nob\\udcffd.svm" in absent.err


@pytest.mark.parametrize("name", ["a\0b", "a\0b.svm", "~a\0b/c", "x/a\0b"])
def test_nul_in_a_name_is_not_echoed(name: str) -> None:
    with pytest.raises(DataError, match=r"a\\x00b") as caught:
        load_data(DataName(name))
    assert "\0" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("length", [252, 5000])
@pytest.mark.parametrize("folder", [None, "sets"])
def test_name_too_long_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int, folder: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    if folder:
        monkeypatch.setenv("LRBENCH_DATA_DIR", str(tmp_path))
    with pytest.raises(DataError, match="no data called 'xxx") as caught:
        load_data(DataName("x" * length))
    assert len(caught.value.message) < 150
    assert len(caught.value.hint) < 400


@pytest.mark.parametrize("file", ["a9a.t", "a9a.t.bz2"])
def test_data_folder_serves_bare_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    import bz2

    folder, here = tmp_path / "sets", tmp_path / "here"
    for path in (folder, here):
        path.mkdir()
    content = TEXT.encode()
    (folder / file).write_bytes(bz2.compress(content) if file.endswith("bz2") else content)
    monkeypatch.setenv("LRBENCH_DATA_DIR", str(folder))
    monkeypatch.chdir(here)
    assert load_data(DataName("a9a.t")).X.shape == (2, 123)
    (here / "a9a.t").write_text("1 1:1 2:1\n")
    with pytest.raises(UsageError, match="both a file here and a set"):
        load_data(DataName("a9a.t"))
    assert load_data(DataName("./a9a.t")).X.shape == (1, 2)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (DataName("sklearn:breast-cancr"), "no data set 'sklearn:breast-cancr'"),
        (DataName("sklearn:"), "no data set 'sklearn:'"),
        (DataName("sklearn:iris", {"seed": 1}), "take no parameter 'seed'"),
        (DataName("generated:gauss"), "no data set 'generated:gauss'"),
    ],
)
def test_unknown_names(data: DataName, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        load_data(data)


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("/a/b/train.svm.bz2", "train"),
        ("covtype.libsvm.binary.scale.bz2", "covtype.libsvm.binary.scale"),
        ("a9a", "a9a"),
        ("sklearn:breast-cancer", "breast-cancer"),
        ("generated:gaussian", "gaussian"),
    ],
)
def test_stem(name: str, stem: str) -> None:
    assert DataName(name).stem == stem


@pytest.mark.slow
def test_covtype_stays_sparse_and_shared(libsvm_dir: Path) -> None:
    path = str(libsvm_dir / "covtype.libsvm.binary.scale.bz2")
    load_data(DataName(path))
    data = load_data(DataName(path))
    assert isinstance(data.X, csr_array)
    assert data.X.shape == (581012, 54)
    assert data.X.nnz == 6940438
    assert data.X.indices.dtype == np.int32
    assert not data.X.data.flags.writeable
    assert scaled(data.X, "maxabs") is data.X
    assert [int((data.y == k).sum()) for k in (1, 2)] == [297711, 283301]
