#!/bin/sh
# @PACKAGE@: after removal. Data is evidence: neither removing nor purging touches it.
set -e

if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload || true
fi
if [ "$1" = purge ]; then
    if [ -x /usr/bin/deb-systemd-helper ]; then
        deb-systemd-helper purge @ENABLED@ >/dev/null || true
    fi
    @NO_SETTINGS@
    find @DATA@ -depth -type d -empty -delete 2>/dev/null || true
    if [ -e @DATA@ ]; then
        echo "@PACKAGE@: 数据未删除 / data kept: @DATA@ ($(du -sh @DATA@ 2>/dev/null | cut -f1))" >&2
        echo "  确认已无证据价值后由管理员手工删除 / once it is no evidence any more, an administrator deletes it by hand: rm -r @DATA@" >&2
    fi
fi
exit 0
