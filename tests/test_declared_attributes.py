"""No class of a model's chain reads an attribute that neither it nor a class above it declares."""

import ast
import inspect
import itertools

import keras
import pytest

import tfgan_zoo

CHAIN = [cls for cls in reversed(tfgan_zoo.GAN.__mro__) if cls.__module__.startswith("tfgan_zoo.")]


def tree(cls):
    module = ast.parse(inspect.getsource(inspect.getmodule(cls)))
    return next(x for x in module.body if isinstance(x, ast.ClassDef) and x.name == cls.__name__)


def of_self(node, context):
    """The names `x` of `self.x`, read or assigned as `context` says."""
    found = (x for x in ast.walk(node) if isinstance(x, ast.Attribute))
    found = (x for x in found if isinstance(x.value, ast.Name) and x.value.id == "self")
    return {x.attr for x in found if isinstance(x.ctx, context)}


def declared(node):
    """Attributes of the class, annotated or not, its methods, and what its methods assign."""
    names = of_self(node, ast.Store)
    for row in node.body:
        targets = getattr(row, "targets", [getattr(row, "target", None)])
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
        names |= {row.name} if isinstance(row, ast.FunctionDef) else set()
    for call in (x for x in ast.walk(node) if isinstance(x, ast.Call)):
        first, name, *_ = [*call.args, None, None]
        if getattr(call.func, "attr", None) == "__setattr__" and isinstance(name, ast.Constant):
            names |= {name.value} if getattr(first, "id", None) in ("self", "gan") else set()
    return names


@pytest.mark.parametrize("cls", CHAIN, ids=lambda cls: cls.__name__)
def test_what_a_class_reads_is_declared(cls):
    above = CHAIN[: CHAIN.index(cls) + 1]
    known = set(dir(keras.Model())).union(*(declared(tree(c)) for c in above))
    known |= set(cls.defaults) if cls is tfgan_zoo.GAN else set()  # which its constructor sets
    missing = sorted(of_self(tree(cls), ast.Load) - known)
    assert not missing, f"{cls.__name__} reads {', '.join(missing)}, which it does not declare."


def test_the_chain_is_one_line():
    """A class of it has one base: what it may read is what stands above it."""
    assert CHAIN[0].__name__ == "State" and len(CHAIN) > 5
    for base, cls in itertools.pairwise(CHAIN):
        assert cls.__bases__ == (base,)


def test_an_undeclared_name_is_found():
    code = "class A:\n    a: int\n    b = 1\n    def c(self):\n        self.d = self.a + self.b + self.e"
    node = ast.parse(code).body[0]
    assert of_self(node, ast.Load) - declared(node) == {"e"}
