#!/usr/bin/env bash
# Downloads the Debian packages of packages.csv and unpacks them, without installing anything.
#
#   fetch.sh OUT
#
# OUT/deb/*.deb        as downloaded (apt-get checks them against Debian's signed lists)
# OUT/unpacked/NAME/   the files of each package
# OUT/packages.tsv     package, version, sha256 of the .deb, what
#
# Needs apt-get with Debian's `main` (run `apt-get update` first) and dpkg-deb. May be run again: what is
# there already is left alone. A package that another release of Debian has in another version is taken as it
# is; one that is missing is named at the end, left out, and makes the exit status 2: the rest is usable.
set -euo pipefail

if [ $# -ne 1 ]; then
    echo "usage: fetch.sh OUT" >&2
    exit 64
fi
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/deb" "$1/unpacked"
out=$(cd "$1" && pwd)
for tool in apt-get apt-cache dpkg-deb sha256sum; do
    command -v "$tool" >/dev/null || { echo "fetch.sh: $tool is not here; run this on Debian or Ubuntu" >&2; exit 69; }
done

# With the version that was used for the published model, a difference is worth a note.
known="$here/packages.lock"
missing=()
printf 'package\tversion\tsha256\twhat\n' > "$out/packages.tsv.part"
while IFS=, read -r name _ what; do
    [ "$name" = package ] && continue
    deb=$(find "$out/deb" -maxdepth 1 -name "${name}_*.deb" -print -quit)
    if [ -z "$deb" ]; then
        # Only `main` is free by Debian's guidelines.
        record=$(apt-cache show --no-all-versions "$name" 2>/dev/null || true)
        # Security updates lie in pool/updates/main.
        if ! [[ $record =~ Filename:\ pool/(updates/)?main/ ]]; then
            echo "fetch.sh: no package $name in main of the configured Debian (did 'apt-get update' run?); left out" >&2
            missing+=("$name")
            continue
        fi
        # Beside the others first: one that was cut off must not be taken for whole by the next run.
        rm -rf "$out/deb/part" && mkdir "$out/deb/part"
        if ! (cd "$out/deb/part" && apt-get -q -q download "$name" 2>"$out/apt.log"); then
            cat "$out/apt.log" >&2
            echo "fetch.sh: could not download $name; left out" >&2
            missing+=("$name")
            continue
        fi
        mv "$out/deb/part/${name}_"*.deb "$out/deb/"
        deb=$(find "$out/deb" -maxdepth 1 -name "${name}_*.deb" -print -quit)
    fi
    version=$(dpkg-deb --field "$deb" Version)
    sum=$(sha256sum "$deb" | cut -d' ' -f1)
    if [ -f "$known" ] && ! grep -q "^$name	$version	$sum" "$known"; then
        echo "fetch.sh: note: $name $version is not the file that the published model was trained on" >&2
    fi
    if [ ! -e "$out/unpacked/$name/.complete" ]; then
        rm -rf "$out/unpacked/$name"
        mkdir -p "$out/unpacked/$name"
        dpkg-deb --extract "$deb" "$out/unpacked/$name"
        touch "$out/unpacked/$name/.complete"
    fi
    printf '%s\t%s\t%s\t%s\n' "$name" "$version" "$sum" "$what" >> "$out/packages.tsv.part"
done < "$here/packages.csv"
mv "$out/packages.tsv.part" "$out/packages.tsv"
rm -rf "$out/apt.log" "$out/deb/part"
echo "fetch.sh: $(($(wc -l < "$out/packages.tsv") - 1)) packages in $out" >&2
if [ ${#missing[@]} -gt 0 ]; then
    echo "fetch.sh: missing: ${missing[*]}" >&2
    exit 2
fi
