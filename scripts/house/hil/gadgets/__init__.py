"""Recorders as real USB devices inside the guest, on dummy_hcd: the pure simulators of the dock's tests behind FunctionFS and configfs.

    PYTHONPATH=FOLDER python -m house.hil.gadgets {control | bulk | acm | scsi} SERIAL DISK

Runs in the guest, as root, with the dock's own Python. DISK is a block device, the recorder's card. Nothing else of this folder is in the
guest: these modules import each other, liuhen_agent and the standard library.
Source: the kernel's Documentation/usb/functionfs.rst, gadget_configfs.rst and include/uapi/linux/usb/functionfs.h.
"""
