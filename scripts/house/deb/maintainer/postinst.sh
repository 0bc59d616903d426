#!/bin/sh
# @PACKAGE@: after unpacking. Users, folders, units; nothing is founded or enrolled here.
set -e

if [ "$1" = configure ]; then
    @COMPILE@
    @SYSUSERS@
    @TMPFILES@
    @ALTERNATIVES@
    for unit in @ENABLED@; do
        # as the administrator left it: an upgrade enables nothing that was disabled
        deb-systemd-helper unmask "$unit" >/dev/null || true
        if deb-systemd-helper --quiet was-enabled "$unit"; then
            deb-systemd-helper enable "$unit" >/dev/null || true
        else
            deb-systemd-helper update-state "$unit" >/dev/null || true
        fi
    done
    if [ -d /run/systemd/system ]; then
        systemctl --system daemon-reload || true
        @UDEV@
        # a unit whose conditions are not met yet (not founded, not enrolled) is skipped by systemd itself
        deb-systemd-invoke start @ENABLED@ || true
    fi
fi
exit 0
