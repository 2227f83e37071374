#!/bin/bash
# Builds what a testbed's blades boot from: Xen, a Debian 12 dom0 with libvirt, and a small guest.
#
#   image.sh [FOLDER]      FOLDER: $PODP_TESTBED, or ~/.cache/podp-testbed
#
# Needs root (mmdebstrap, chroot) and the packages that `up` installs. Makes in FOLDER:
#   xen vmlinux initrd.dom0 guest.initrd dom0.raw state.raw id_ed25519[.pub]
# and does nothing when they are there and what they are made from has not changed.
set -euo pipefail
HERE=$(dirname "$(readlink -f "$0")")
PARTS=$HERE/image
OUT=${1:-${PODP_TESTBED:-$HOME/.cache/podp-testbed}}
SUITE=bookworm
ROOT=$OUT/root.d

say() { echo "$(date +%T) image: $*" >&2; }
words() { sed 's/#.*//' "$1" | xargs -n1; }

# ---- what it is made from ----------------------------------------------------------------
digest_of_packages() { { echo "$SUITE"; words "$PARTS/packages"; words "$PARTS/excluded"; } | sha256sum | cut -c1-16; }
digest_of_image() {
    { digest_of_packages; cat "$HERE/image.sh" "$OUT/id_ed25519.pub"
      cd "$PARTS"; find . -type f -print0 | sort -z | xargs -0 sha256sum; find . -type f -perm -u+x | sort; } | sha256sum | cut -c1-16
}

# ---- Debian's packages, as one archive (the only step that needs a network) ----------------
fetch_root() {
    local digest; digest=$(digest_of_packages)
    if [ "$(cat rootfs.digest 2>/dev/null)" = "$digest" ] && [ -f rootfs.tar ]; then return; fi
    say 'fetching the dom0 packages'
    # Whatever Debian mirror this machine's own apt uses.
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' 'Origin: Debian' |
        grep "$SUITE" | sort -u > sources.list
    local excludes=() pattern
    while read -r pattern; do excludes+=(--dpkgopt="path-exclude=$pattern"); done < <(words "$PARTS/excluded")
    rm -f rootfs.tar rootfs.digest
    # An initramfs of Debian's is made on the way and thrown away: MODULES=list keeps it small.
    mmdebstrap --mode=root --variant=essential --format=tar "${excludes[@]}" \
        --include="$(words "$PARTS/packages" | paste -sd,)" \
        --setup-hook='mkdir -p "$1/etc/initramfs-tools/conf.d"; echo MODULES=list > "$1/etc/initramfs-tools/conf.d/podp"' \
        "$SUITE" rootfs.tar sources.list
    echo "$digest" > rootfs.digest
}

# ---- kernel and hypervisor, unpacked: unpacking is slow in emulation ------------------------
unpack_kernel() {
    python3 - "$ROOT/boot/vmlinuz-$KERNEL" vmlinux <<'PY'
import lzma, sys
image = open(sys.argv[1], 'rb').read()
open(sys.argv[2], 'wb').write(lzma.LZMADecompressor().decompress(image[image.index(b'\xfd7zXZ\0'):]))
PY
    gunzip -c "$ROOT/boot/xen-4.17-amd64.gz" > xen
    grep -q '^CONFIG_XEN_DOM0=y' "$ROOT/boot/config-$KERNEL"
    chroot "$ROOT" depmod "$KERNEL"
}

# initrd FILE INIT MODULE...: busybox, the modules with all that they need in load order, and INIT
initrd() {
    local file=$1 init=$2 tree module path applet; shift 2
    tree=$(mktemp -d)
    mkdir -p "$tree"/{bin,sbin,dev,proc,sys,mnt,lib,tmp,etc}
    cp "$(command -v busybox)" "$tree/bin/busybox"
    for applet in sh mount umount insmod switch_root sleep cat echo ip dd setsid hostname poweroff reboot usleep sync ls tr sed cut grep seq printf; do
        ln -s busybox "$tree/bin/$applet"
    done
    # What the kernel runs when Xen asks a guest to shut down or to reboot; there is no init that would listen to busybox's own.
    for applet in poweroff reboot; do
        printf '#!/bin/sh\necho "podp-guest: %s"\nsync\nexec busybox %s -f\n' $applet $applet > "$tree/sbin/$applet"; chmod 755 "$tree/sbin/$applet"
    done
    : > "$tree/lib/order"
    for module; do chroot "$ROOT" modprobe -S "$KERNEL" --show-depends "$module"; done |
        awk '/^insmod/ && !seen[$2]++ { print $2 }' |
        while read -r path; do cp "$ROOT$path" "$tree/lib/"; basename "$path" >> "$tree/lib/order"; done
    install -m 755 "$init" "$tree/init"
    (cd "$tree" && find . | sort | cpio --quiet -o -H newc -R 0:0) | gzip -1n > "$file"
    rm -rf "$tree"
}

# ---- dom0's own configuration ----------------------------------------------------------------
configure_root() {
    local file mode
    (cd "$PARTS/root" && find . -type f) | while read -r file; do
        mode=644; [ -x "$PARTS/root/$file" ] && mode=755
        install -D -m "$mode" "$PARTS/root/$file" "$ROOT/$file"
    done
    cp vmlinux "$ROOT/boot/guest.vmlinux"; cp guest.initrd "$ROOT/boot/guest.initrd"
    rm -f "$ROOT"/boot/{vmlinuz,initrd,xen}*
    chroot "$ROOT" passwd -d root >/dev/null
    install -d -m 700 "$ROOT/root/.ssh"
    install -m 600 id_ed25519 "$ROOT/root/.ssh/id_ed25519"
    install -m 600 id_ed25519.pub "$ROOT/root/.ssh/authorized_keys"
    # The Xen driver only: each of the others costs seconds of start-up here.
    (cd "$ROOT/usr/lib/x86_64-linux-gnu/libvirt/connection-driver" && rm -f *_{qemu,lxc,vbox,nwfilter,nodedev,interface,secret}.so)
    rm -f "$ROOT/etc/libvirt/qemu/networks/autostart/default.xml"
    # Xen hides SEP on AMD processors and QEMU's qemu64 lacks VME: libvirt's Xen driver would not start ("Cannot find suitable CPU model").
    sed -i "/name='sep'/d; /name='vme'/d" "$ROOT/usr/share/libvirt/cpu_map/x86_qemu64.xml"
    local unit
    while read -r unit; do ln -sf /dev/null "$ROOT/etc/systemd/system/$unit"; done < <(words "$PARTS/masked")
    ln -sf /lib/systemd/system/multi-user.target "$ROOT/etc/systemd/system/default.target"
    for unit in podp-net podp-dom0 libvirtd; do
        ln -sf "/etc/systemd/system/$unit.service" "$ROOT/etc/systemd/system/multi-user.target.wants/$unit.service"
    done
    mkdir -p "$ROOT/var/lib/podp-agent" "$ROOT/var/log/xen/console"
    : > "$ROOT/etc/machine-id"          # written by the initrd, from the blade's own UUID
    rm -f "$ROOT"/etc/ssh/ssh_host_*    # made at a blade's first boot
    install -m 755 "$(command -v busybox)" "$ROOT/usr/local/bin/busybox"
    ln -sf busybox "$ROOT/usr/local/bin/ping"
    rm -rf "$ROOT"/var/cache/apt/* "$ROOT"/var/lib/apt/lists/* "$ROOT"/var/log/*.log "$ROOT"/usr/share/mime
}

make_disks() {
    rm -f dom0.raw state.raw
    truncate -s 2G dom0.raw
    # A power cut must not cost the blade its root: with a journal.
    mke2fs -q -t ext4 -J size=16 -E lazy_itable_init=1 -m 0 -L dom0 -d "$ROOT" dom0.raw
    truncate -s 64M state.raw
    mke2fs -q -t ext4 -J size=8 -m 0 -L podp-agent state.raw
}

main() {
    [ "$(id -u)" = 0 ] || { echo 'image.sh must run as root: it makes a Debian root with mmdebstrap and chroot' >&2; exit 1; }
    mkdir -p "$OUT"; cd "$OUT"
    [ -f id_ed25519 ] || ssh-keygen -q -t ed25519 -N '' -C podp-testbed -f id_ed25519
    local digest; digest=$(digest_of_image)
    if [ "$(cat image.digest 2>/dev/null)" = "$digest" ] && [ -f dom0.raw ]; then say "nothing has changed ($digest)"; return; fi
    # States were stored with the old disk under them.
    rm -f image.digest blade*.state blade*.qcow2 blade*.raw
    fetch_root
    rm -rf "$ROOT"; mkdir "$ROOT"; tar -C "$ROOT" --numeric-owner -xf rootfs.tar
    KERNEL=$(ls "$ROOT/lib/modules" | head -1)
    say "kernel $KERNEL"
    unpack_kernel
    initrd initrd.dom0 "$PARTS/init.dom0" virtio_pci virtio_blk ext4 crc32c_generic
    initrd guest.initrd "$PARTS/init.guest" xen_netfront xen_blkfront
    configure_root
    make_disks
    rm -rf "$ROOT"
    echo "$digest" > image.digest
    say "done ($digest): $(du -sh dom0.raw | cut -f1)"
}
main
