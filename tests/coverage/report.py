#!/usr/bin/env python3
"""Prints the branch coverage of the product's pure folders, file by file, from gcov's own JSON.

  report.py SOURCE_ROOT OBJECT_DIR...

Counts src/saga/* and src/participant/* without their subfolders; a header counts once, wherever it was compiled in,
an installed one as the source that it is a link to. Branches that only an exception of the standard library takes
(gcov's `throw`) and those of lines without any word (a closing brace: destructors) are not the source's, and left out.
Exit: 0 every branch was taken, 1 one was not, or nothing was counted.
"""
import collections
import json
import os
import re
import subprocess
import sys

FOLDERS = ("src/saga", "src/participant")


def counted_objects(folders):
    for folder in folders:
        for path, _, names in os.walk(folder):
            yield from (os.path.join(path, name) for name in names if name.endswith(".gcno"))


def gcov(objects):
    """What gcov says of each source file, one object after the other. Counters that were never written count as 0."""
    for start in range(0, len(objects), 16):
        command = ["gcov", "--json-format", "--stdout", "--branch-counts", "--branch-probabilities"]
        said = subprocess.run(command + objects[start:start + 16], capture_output=True, text=True, check=True).stdout
        for line in said.splitlines():
            if line.startswith("{"):
                report = json.loads(line)
                for file in report["files"]:
                    yield os.path.join(report["current_working_directory"], file["file"]), file["lines"]


def measured(path, root):
    path = os.path.relpath(os.path.realpath(path), os.path.realpath(root))
    return path if os.path.dirname(path) in FOLDERS else None


def counts(root, objects):
    """file -> line -> function -> one count per branch, added up over all objects."""
    files = collections.defaultdict(lambda: collections.defaultdict(dict))
    for path, lines in gcov(objects):
        name = measured(path, root)
        for line in lines if name else ():
            taken = [branch["count"] for branch in line["branches"] if not branch["throw"]]
            functions = files[name][line["line_number"]]
            key = (line.get("function_name"), len(taken))
            functions[key] = [a + b for a, b in zip(functions.get(key, [0] * len(taken)), taken)]
    return files


def main(root, folders):
    files = counts(root, sorted(counted_objects(folders)))
    missing, total, taken_total = [], 0, 0
    for name in sorted(files):
        source = open(os.path.join(root, name), encoding="utf-8").read().split("\n")
        branches = taken = 0
        for number, functions in sorted(files[name].items()):
            text = source[number - 1].strip()
            here = [count for each in functions.values() for count in each] if re.search(r"\w", text) else []
            branches += len(here)
            taken += sum(count > 0 for count in here)
            if 0 in here:
                missing.append(f"{name}:{number}: {here.count(0)} of {len(here)} branches never taken: {text}")
        print(f"  {name:40} {taken:4} of {branches:4} branches  {100 * taken / branches if branches else 100:5.1f} %")
        total, taken_total = total + branches, taken_total + taken
    print("\n".join(missing))
    print(f"  {'all':40} {taken_total:4} of {total:4} branches  {100 * taken_total / total if total else 0:5.1f} %")
    return 0 if total > 0 and taken_total == total else 1


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
