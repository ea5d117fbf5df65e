"""What differs between the settings of two reruns."""
import sys

from lsst.daf.persistence import Butler

first, second = (Butler(root).get("processCcd_config") for root in sys.argv[1:3])
one, other = first.toDict(), second.toDict()


def flat(tree, above=""):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, above + name + ".")
        else:
            yield above + name, value


one, other = dict(flat(one)), dict(flat(other))
for name in sorted(set(one) | set(other)):
    if one.get(name) != other.get(name):
        print(name, one.get(name), "->", other.get(name))
