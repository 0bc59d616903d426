"""What forked children run (`support.forked`), imported once by the server they are forked off."""

from importlib import import_module

for name in (
    "faults.archive_backup_child",
    "faults.archive_sequencer_child",
    "faults.dock_child",
    "faults.dock_room_children",
    "faults.dock_sync_child",
    "faults.power_cut_children",
    "support.run_archive",
):
    import_module(name)
