#!/usr/bin/env python3
"""Makes a package of some test suites and of every target they stand on, without the rest.

    Tools/part-of-package.py FOLDER SUITE…

For builds with other flags, which would otherwise build everything once more. The sources are links; the targets are
taken from the package's own description. Without pkg-config's names, so that the caller decides which folder of
libraries comes first: their names are printed, one or more a line, for `pkg-config --libs`.
"""
import json
import os
import shutil
import subprocess
import sys

if len(sys.argv) < 3:
    sys.exit(__doc__)
package, *wanted = sys.argv[1:]
root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
manifest = subprocess.run(["swift", "package", "dump-package"], cwd=root, check=True, stdout=subprocess.PIPE).stdout
targets = {target["name"]: target for target in json.loads(manifest)["targets"]}
for folder in ("Sources", "Tests"):
    shutil.rmtree(os.path.join(package, folder), ignore_errors=True)
    os.makedirs(os.path.join(package, folder))
lines, done = [], []


def dependencies(target):
    for dependency in target["dependencies"]:
        (kind, value), = dependency.items()
        if kind not in ("byName", "target"):
            sys.exit(f"{target['name']} needs {value[0]} of another package")
        yield value[0]


def resource(value):
    (rule, _), = value["rule"].items()
    return f".{rule}({json.dumps(value['path'])})"


def add(name):
    if name in done:
        return
    done.append(name)
    target = targets[name]
    needs = list(dependencies(target))
    for need in needs:
        add(need)
    path = target.get("path") or f"{'Tests' if target['type'] == 'test' else 'Sources'}/{name}"
    os.symlink(os.path.join(root, path), os.path.join(package, path))
    if target["type"] == "system":
        lines.append(f"        .systemLibrary(name: {json.dumps(name)}, path: {json.dumps(path)}),")
        if target.get("pkgConfig"):
            print(target["pkgConfig"])
        return
    kind = "testTarget" if target["type"] == "test" else "target"
    lines.append(
        f"        .{kind}(name: {json.dumps(name)}, dependencies: {json.dumps(needs)}, path: {json.dumps(path)}, "
        f"exclude: {json.dumps(target['exclude'])}, "
        f"resources: [{', '.join(resource(value) for value in target['resources'])}]),")


for name in wanted:
    if name not in targets:
        sys.exit(f"There is no target {name}")
    add(name)
with open(os.path.join(package, "Package.swift"), "w") as file:
    file.write("// swift-tools-version: 6.2\nimport PackageDescription\n\nlet package = Package(\n"
               "    name: \"Part\", platforms: [.macOS(.v15)],\n    targets: [\n"
               + "\n".join(lines) + "\n    ],\n    swiftLanguageModes: [.v6]\n)\n")
