"""seccomp: which system calls a process may make (x86-64 and arm64).

A list of what is denied, not of what is allowed: libc and decoders change their calls from
version to version, and Landlock stands behind this wall.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys

from telecine.media import kernel

#: name:number on x86-64:number on arm64 (asm/unistd_64.h, asm-generic/unistd.h). By theme:
#: network; other processes and escape from our process group; the kernel; memory that no rlimit
#: counts; mounts and devices; file metadata, which Landlock does not judge.
_DENIED = """
socket:41:198 socketpair:53:199 connect:42:203 bind:49:200 listen:50:201 accept:43:202
accept4:288:242
ptrace:101:117 process_vm_readv:310:270 process_vm_writev:311:271 process_madvise:440:440
pidfd_open:434:434 pidfd_getfd:438:438 pidfd_send_signal:424:424 kcmp:312:272 kill:62:129
tkill:200:130 rt_sigqueueinfo:129:138 rt_tgsigqueueinfo:297:240 fork:57:- vfork:58:-
setns:308:268 unshare:272:97 setsid:112:157 setpgid:109:154
bpf:321:280 perf_event_open:298:241 userfaultfd:323:282 io_uring_setup:425:425
io_uring_enter:426:426 io_uring_register:427:427 keyctl:250:219 add_key:248:217
request_key:249:218 kexec_load:246:104 kexec_file_load:320:294 init_module:175:105
finit_module:313:273 delete_module:176:106 iopl:172:- ioperm:173:- reboot:169:142
swapon:167:224 swapoff:168:225 acct:163:89 syslog:103:116 quotactl:179:60 quotactl_fd:443:443
settimeofday:164:170 clock_settime:227:112 clock_adjtime:305:266 adjtimex:159:171
sethostname:170:161 setdomainname:171:162 vhangup:153:58 lookup_dcookie:212:18
personality:135:92 modify_ldt:154:-
memfd_create:319:279 shmget:29:194 msgget:68:186 semget:64:190 mq_open:240:180
mount:165:40 umount2:166:39 pivot_root:155:41 chroot:161:51 move_mount:429:429
open_tree:428:428 open_tree_attr:467:467 fsopen:430:430 fsconfig:431:431 fsmount:432:432
fspick:433:433 mount_setattr:442:442 mknod:133:- mknodat:259:33 name_to_handle_at:303:264
open_by_handle_at:304:265 fanotify_init:300:262 fanotify_mark:301:263
chmod:90:- fchmod:91:52 fchmodat:268:53 fchmodat2:452:452 chown:92:- fchown:93:55 lchown:94:-
fchownat:260:54 setxattr:188:5 lsetxattr:189:6 fsetxattr:190:7 setxattrat:463:463
removexattr:197:14 lremovexattr:198:15 fremovexattr:199:16 removexattrat:466:466 utime:132:-
utimes:235:- futimesat:261:- utimensat:280:88
"""
_DENIED_AFTER_START = "execve:59:221 execveat:322:281"
_CLONE, _CLONE3, _TGKILL, _PRLIMIT, _SECCOMP = (
    *("clone:56:220", "clone3:435:435", "tgkill:234:131", "prlimit64:302:261", "seccomp:317:277"),
)
#: AUDIT_ARCH_* of linux/audit.h; both are little-endian, so an argument's low half comes first.
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_LOAD, _JUMP_EQUAL, _JUMP_LEAST, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_AT_NUMBER, _AT_MACHINE, _AT_FIRST_ARGUMENT = 0, 4, 16

_Instruction = tuple[int, int, int, int]


class _Filter(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("yes", ctypes.c_uint8),
        ("no", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("filters", ctypes.POINTER(_Filter)))


def _numbers(table: str, column: int) -> list[int]:
    found = (row.split(":")[1 + column] for row in table.split())
    return [int(number) for number in found if number != "-"]


def _filter_program(column: int, machine: int, *, may_execute: bool) -> list[_Instruction]:
    """Write the filter: a foreign machine's calls kill, denied calls give EPERM."""
    denied: list[_Instruction] = [(_RETURN, 0, 0, _ERROR | errno.EPERM)]

    def argument_rule(call: str, *test: _Instruction) -> list[_Instruction]:
        body = [(_LOAD, 0, 0, _AT_FIRST_ARGUMENT), *test, *denied, (_RETURN, 0, 0, _ALLOW)]
        (number,) = _numbers(call, column)
        return [(_JUMP_EQUAL, 0, len(body), number), *body]

    program: list[_Instruction] = [
        (_LOAD, 0, 0, _AT_MACHINE),
        (_JUMP_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _AT_NUMBER),
    ]
    if column == 0:  # the x32 numbers would be a second door to every call
        program += [(_JUMP_LEAST, 0, 1, 0x40000000), *denied]
    # New threads, but no new processes: CLONE_THREAD must be among the flags.
    program += argument_rule(_CLONE, (_JUMP_BITS, 1, 0, 0x00010000))
    # Only itself (abort() needs that); 0 is "myself" for prlimit.
    program += argument_rule(_TGKILL, (_JUMP_EQUAL, 1, 0, os.getpid()))
    program += argument_rule(_PRLIMIT, (_JUMP_EQUAL, 1, 0, 0))
    # clone3 hides its flags behind a pointer; told that it does not exist, libc takes clone.
    program += [
        (_JUMP_EQUAL, 0, 1, _numbers(_CLONE3, column)[0]),
        (_RETURN, 0, 0, _ERROR | errno.ENOSYS),
    ]
    table = _DENIED if may_execute else _DENIED + _DENIED_AFTER_START
    for number in _numbers(table, column):
        program += [(_JUMP_EQUAL, 0, 1, number), *denied]
    return [*program, (_RETURN, 0, 0, _ALLOW)]


def restrict(*, may_execute: bool) -> None:
    """Install the filter on all threads of this process; `may_execute` leaves execve open."""
    column, machine = _machine()
    code = _filter_program(column, machine, may_execute=may_execute)
    filters = (_Filter * len(code))()
    for place, (operation, yes, no, value) in enumerate(code):
        filters[place] = _Filter(operation, yes, no, value)
    program = _Program(length=len(code), filters=filters)
    # SECCOMP_SET_MODE_FILTER with TSYNC: all threads of this process at once.
    kernel.syscall(_numbers(_SECCOMP, column)[0], 1, 1, ctypes.byref(program))


def open_udp_socket() -> None:
    """Make the system call that the filter must stop; for trying it out."""
    column, _ = _machine()
    os.close(kernel.syscall(_numbers(_DENIED, column)[0], 2, 2, 0))  # AF_INET, SOCK_DGRAM


def _machine() -> tuple[int, int]:
    name = platform.machine()
    if sys.platform != "linux" or name not in _MACHINES or sys.maxsize < 2**32:
        raise OSError(errno.ENOSYS, f"no filter for {sys.platform} on {name}")
    return _MACHINES[name]
