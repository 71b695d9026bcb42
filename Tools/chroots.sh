#!/usr/bin/env bash
# Builds in newer Debians, made by debootstrap, and runs the tests of the library there; prints the versions and what came
# out. Not part of the gate: it needs root, the network, 4 GB a system and half an hour of two quiet cores for each.
#
#     sudo Tools/chroots.sh [trixie] [sid]        both without arguments
#
# The systems stay in .build-chroots, and so do their builds: a second run brings them up to date and builds what has
# changed. Swift is this machine's, mounted read-only. The last result is in Docs/Platforms.md.
#
#     EPANNS_DEBIAN_MIRROR   where the packages are (default: http://deb.debian.org/debian)
#     EPANNS_CHROOTS         where the systems go (default: .build-chroots beside the sources)
#     EPANNS_CHROOT_SUITES   which suites (default: those of the library)
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
mirror=${EPANNS_DEBIAN_MIRROR:-http://deb.debian.org/debian}
place=${EPANNS_CHROOTS:-$root/.build-chroots}
suites=${EPANNS_CHROOT_SUITES:-EPANNsCoreTests EPANNsGraphTests EPANNsAudioTests EPANNsModelsTests EPANNsRuntimeTests EPANNsTests \
    EPANNsDataTests EPANNsProcessesTests EPANNsTrainingTests EPANNsEvaluationTests EPANNsPruningTests}

[ "$(id -u)" -eq 0 ] || { echo "debootstrap and chroot need root." >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "Install debootstrap first: apt-get install debootstrap" >&2; exit 1; }
# What is on PATH may be a link or a script; the compiler knows where it lives.
toolchain=$(swift -print-target-info | sed -n 's|.*"runtimeResourcePath": "\(.*\)/usr/lib/swift".*|\1|p')
[ -x "$toolchain/usr/bin/swift" ] || { echo "The folder of the Swift toolchain was not found." >&2; exit 1; }

# What Tools/setup.sh installs, and what Swift's own programs need.
needs=$(sed -n '/^needs=(/,/^)/s/^ *"\([a-z0-9.+-]*\) .*/\1/p' Tools/setup.sh)
tools="ca-certificates git python3 binutils gcc g++ libc6-dev libedit2 libncurses6 libpython3-dev libsqlite3-0 libcurl4 tzdata"

mounted=()
release() {
    for ((index = ${#mounted[@]} - 1; index >= 0; index--)); do umount "${mounted[index]}" || true; done
    mounted=()
}
trap release EXIT

mount_into() { # source target options
    mkdir -p "$2"
    mount --bind "$1" "$2"
    mounted+=("$2")
    if [ -n "${3:-}" ]; then mount -o "remount,bind,$3" "$2"; fi
}

# In a chroot, with nothing of this machine's environment.
inside() { # system command…
    local system=$1
    shift
    chroot "$system" /usr/bin/env -i PATH="/toolchain/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
        HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive EPANNS_TEST_DATA="${data:-}" nice -n 15 "$@"
}

# The toolchain is built for this machine; a newer system may lack a library's old version, such as libxml2.so.2.
lend_libraries() { # system
    local system=$1 missing library file
    for _ in 1 2 3 4; do # what is lent may need others
        missing=$(inside "$system" sh -c 'ldd /toolchain/usr/bin/swift-package /usr/local/lib/*.so.* 2>/dev/null' |
            awk '/not found/ { print $1 }' | sort -u)
        [ -n "$missing" ] || return 0
        for library in $missing; do
            file=$(ldconfig -p | awk -v name="$library" '$1 == name { print $NF; exit }')
            [ -n "$file" ] || { echo "The toolchain needs $library, which is neither here nor there." >&2; return 1; }
            cp -L "$file" "$system/usr/local/lib/"
        done
        inside "$system" ldconfig
    done
}

check() { # suite
    local suite=$1 system=$place/$1 data="" status=0
    if [ ! -e "$system/.complete" ]; then
        rm -rf "$system"
        mkdir -p "$place"
        debootstrap --variant=minbase "$suite" "$system" "$mirror"
        touch "$system/.complete"
    fi
    mount_into /proc "$system/proc"
    mount_into /dev "$system/dev"
    mount_into "$toolchain" "$system/toolchain" ro
    if [ -n "${EPANNS_TEST_DATA:-}" ]; then
        mount_into "$EPANNS_TEST_DATA" "$system/data" ro
        data=/data
    fi
    # Resolving names and proxies are this machine's business.
    cp -L /etc/resolv.conf "$system/etc/resolv.conf"
    [ -e /etc/hosts ] && cp -L /etc/hosts "$system/etc/hosts"
    inside "$system" apt-get -qq update
    # shellcheck disable=SC2086 # lists of words
    inside "$system" apt-get -qq install --no-install-recommends $needs $tools
    inside "$system" apt-get -qq upgrade

    lend_libraries "$system"

    # The sources as they are here, without what was built from them.
    rm -rf "$system/src"
    mkdir -p "$system/src"
    git ls-files -z --cached --others --exclude-standard | tar --null -c -T - | tar -x -C "$system/src"
    # The library and its tests only: nothing of other packages, so nothing is fetched.
    # shellcheck disable=SC2016,SC2086 # expanded inside; a list of words
    inside "$system" bash -c '
        set -euo pipefail
        modules=$(/src/Tools/part-of-package.py /part "$@")
        for flag in $(pkg-config --cflags $modules); do printf -- "-Xcc\n%s\n" "$flag"; done >/flags
        for flag in $(pkg-config --libs $modules); do printf -- "-Xlinker\n%s\n" "$flag"; done >>/flags
    ' suites $suites
    local flags
    mapfile -t flags <"$system/flags"

    echo "== $suite"
    # shellcheck disable=SC2016 # expanded inside
    inside "$system" sh -c '. /etc/os-release; echo "$PRETTY_NAME, $(cat /etc/debian_version)"'
    # shellcheck disable=SC2016 # dpkg-query's own placeholders
    inside "$system" dpkg-query -W -f '${Package} ${Version}\n' libdnnl-dev libavcodec-dev libhdf5-dev libc6
    inside "$system" swift --version 2>&1 | head -n 1
    inside "$system" swift test -c release --disable-testable-imports --package-path /part --scratch-path /build \
        "${flags[@]}" || status=$?
    echo "== $suite: exit status $status"
    release
    return "$status"
}

failed=0
for suite in "${@:-trixie}" $([ $# -gt 0 ] || echo sid); do
    check "$suite" || failed=1
done
exit "$failed"
