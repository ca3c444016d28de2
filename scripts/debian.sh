# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts that work in a Debian of their own: makes one, runs commands in it. Source it after lib.sh.
# shellcheck shell=bash

archives="$build_dir/debian-packages" # .deb files, kept from run to run

# make_debian SUITE FOLDER: a bare Debian; what was in the folder is gone.
make_debian() {
    local suite="$1" debian="$2" mirror
    mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' |
        grep -v -- '-security' | head -n 1)"
    [ -n "$mirror" ] || die "apt knows no repository of Debian's to make a $suite from"
    say "making a bare $suite in $debian"
    rm -rf --one-file-system "$debian"
    mkdir -p "$archives"
    debootstrap --variant=minbase --cache-dir="$archives" "$suite" "$debian" "$mirror" >&2 ||
        die "debootstrap could not make $suite; see $debian/debootstrap/debootstrap.log"
    printf '#!/bin/sh\nexit 101\n' > "$debian/usr/sbin/policy-rc.d" # nothing starts a service
    chmod 755 "$debian/usr/sbin/policy-rc.d"
    if [ "$suite" = sid ]; then
        # A mirror that lags behind is as good here as any.
        echo 'Acquire::Check-Valid-Until "false";' > "$debian/etc/apt/apt.conf.d/90lagging-mirror"
        echo "deb $mirror experimental main" > "$debian/etc/apt/sources.list.d/experimental.list"
        printf 'Package: src:opencv:any\nPin: release a=experimental\nPin-Priority: 990\n' \
            > "$debian/etc/apt/preferences.d/opencv5"
    fi
    touch "$debian/.complete"
}

# run_mounted FOLDER COMMAND...: becomes the command, run on this system while the Debian in FOLDER has its mounts, among
# them those of the array `binds`: SOURCE:TARGET, or SOURCE:TARGET:ro, where there is a SOURCE. Mounts and processes are
# gone with the command: they live in namespaces of their own.
binds=()
run_mounted() {
    local debian="$1"
    shift
    cp -L /etc/resolv.conf "$debian/etc/resolv.conf" 2> /dev/null || true
    mkdir -p "$archives/partial"
    export debian
    exec unshare --mount --pid --fork --kill-child bash -euo pipefail -c '
        mount --make-rprivate /
        mount -t proc proc "$debian/proc"
        mount --rbind /dev "$debian/dev"
        mount --rbind /sys "$debian/sys"
        while [ "$1" != -- ]; do
            IFS=: read -r source target mode <<< "$1"
            shift
            [ -d "$source" ] || continue
            mkdir -p "$debian$target"
            mount --bind "$source" "$debian$target"
            [ -z "$mode" ] || mount -o "remount,bind,$mode" "$debian$target"
        done
        shift
        exec "$@"
    ' bash "$archives:/var/cache/apt/archives" "${binds[@]}" -- "$@"
}

# run_inside FOLDER COMMAND...: becomes the command, run inside, in the folder /drgan.
run_inside() {
    local debian="$1"
    shift
    run_mounted "$debian" env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        chroot "$debian" sh -c 'cd /drgan && exec "$@"' sh "$@"
}
