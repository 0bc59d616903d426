#!/bin/sh
# @PACKAGE@: before files go, on removal and on upgrade. The programs start parts of themselves as children: none may run while its
# files are exchanged. Whatever they are doing continues at the next start.
set -e

if [ -d /run/systemd/system ]; then
    deb-systemd-invoke stop @STOPPED@ || true
    @STOP_INSTANCES@
fi
if [ "$1" = remove ]; then
    @NO_ALTERNATIVES@
fi
@NO_COMPILED@
exit 0
