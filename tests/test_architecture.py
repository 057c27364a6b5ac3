"""The house stands as it was drawn: imports run one way, judging is pure, modules stay small."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest


PACKAGE = Path(__file__).parent.parent / "sslwhy"
MODULES = sorted(PACKAGE.rglob("*.py"))
WORLD = {"ssl", "socket", "os", "pathlib", "subprocess", "selectors", "threading", "time", "http", "urllib.request"}
CLIENT_LIBRARIES = {"requests", "zeep", "httpx", "urllib3", "httpcore", "anyio", "aiohttp"}

MAY_IMPORT = {
    "facts": {"facts"},
    "text": set(),
    "journal": set(),
    "policy": set(),
    "report": {"facts", "text", "report"},
    "causes": {"facts", "text", "report", "causes"},
    "evidence": {"facts", "text", "report", "policy", "evidence"},
    "exceptions": {"report"},
    "diagnosis": {"facts", "report", "causes", "evidence", "journal", "policy"},
    "clients": {"facts", "text", "journal", "causes", "evidence", "policy", "diagnosis", "exceptions", "clients"},
    "inquiry": {"facts", "text", "journal", "report", "causes", "evidence", "clients", "policy", "diagnosis"}
    | {"exceptions"},
    "checking": {"facts", "text", "journal", "report", "causes", "evidence", "clients", "policy", "diagnosis"}
    | {"inquiry"},
    "demo": {"demo"},
    "cli": {"facts", "text", "report", "causes", "evidence", "clients", "policy", "checking", "inquiry", "demo", "cli"},
    "__main__": {"cli"},
}
"""Which rooms a room may import from. The package's own face, ``sslwhy``, is open to ``cli`` and ``demo`` only."""


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, *, for_types: bool = False) -> set[str]:
    """Modules that a file imports, late ones too; those for type checkers only where asked."""
    found: set[str] = set()

    def walk(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test) and not for_types:
                continue
            if isinstance(child, ast.Import):
                found.update(alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module:
                found.add(child.module)
                found.update(f"{child.module}.{alias.name}" for alias in child.names)
            walk(child)

    walk(ast.parse(path.read_text(encoding="utf-8")))
    return found


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_run_one_way(path: Path) -> None:
    """A room imports only from the rooms below it, late imports included."""
    room = room_of(name_of(path))
    if not room:
        return
    modules = {name_of(each) for each in MODULES}
    ours = {name for name in imports_of(path) if name in modules and room_of(name)}
    strangers = {name for name in ours if room_of(name) not in MAY_IMPORT[room]}
    assert not strangers


@pytest.mark.parametrize("path", [p for p in MODULES if room_of(name_of(p)) in {"causes", "facts"}], ids=name_of)
def test_judging_is_pure(path: Path) -> None:
    """Causes and facts know neither the world nor a client library."""
    roots = {name for found in imports_of(path) for name in (found, found.split(".")[0])}
    assert not roots & (WORLD | CLIENT_LIBRARIES)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_the_edge_knows_client_libraries(path: Path) -> None:
    """zeep, requests and httpx are imported in ``clients``, ``checking`` and the command line only."""
    roots = {name.split(".")[0] for name in imports_of(path)}
    if room_of(name_of(path)) not in {"clients", "checking", "cli"}:
        assert not roots & CLIENT_LIBRARIES


def test_no_circular_imports() -> None:
    """No module imports itself through others, neither late nor for the sake of types."""
    modules = {name_of(path) for path in MODULES} - {"sslwhy"}
    graph = {name_of(path): imports_of(path, for_types=True) & modules for path in MODULES}
    order = tuple(graphlib.TopologicalSorter({name: found - {name} for name, found in graph.items()}).static_order())
    assert len(order) == len(MODULES)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_and_functions_stay_small(path: Path) -> None:
    """A module has under 300 lines, a function at most 60."""
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") < 300
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or node.lineno) - node.lineno <= 60, node.name


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_is_left_to_do(path: Path) -> None:
    """No note of unfinished work, no broad silence and no remedy that turns verification off is in the source."""
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK|NotImplementedError)\b", source)
    assert not re.search(r"verify\s*=\s*False|check_hostname\s*=\s*False", source)
    assert "except:" not in source


def test_importing_the_package_loads_nothing_heavy() -> None:
    """``import sslwhy`` loads neither a client library nor cryptography nor any room of the house."""
    code = "import sys, sslwhy; print(sorted(m for m in sys.modules if m.split('.')[0] in sys.argv[1:]))"
    loaded = subprocess.run(
        [sys.executable, "-c", code, "requests", "zeep", "httpx", "cryptography", "ssl", "sslwhy"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert loaded.stdout.strip() == "['sslwhy']"


def test_the_public_names_are_the_contracts() -> None:
    """``__all__`` holds the names of the contract, each can be loaded, and ``dir`` shows them."""
    import sslwhy

    contract = {
        "AsyncClient", "AsyncHTTPTransport", "AsyncTransport", "CachingClient", "Check", "Client", "DiagnosedError",
        "Finding", "HTTPAdapter", "HTTPTransport", "Policy", "Remedy", "Report", "Session", "Transport", "Trust",
        "TrustStore", "check", "diagnose_chain", "diagnosing", "explain", "trust_in_force",
    }  # fmt: skip
    assert {*sslwhy.__all__} == contract | {"__version__"}
    assert all(getattr(sslwhy, name) is not None for name in sslwhy.__all__)
    assert set(dir(sslwhy)) >= contract
    with pytest.raises(AttributeError, match="nonesuch"):
        sslwhy.nonesuch  # noqa: B018 - the look-up is the test
