"""Processes that a testbed started: found again by their pid files, never by a broad name."""
import os
import signal
import time


def pid_of(run, name):
    """The running process of that name, if it is ours: its command line names the testbed's folder. Else None."""
    try:
        with open(os.path.join(run, name + '.pid')) as f:
            pid = int(f.read())
        for _ in range(100):    # just after exec the command line is empty for a moment
            with open(f'/proc/{pid}/cmdline', 'rb') as f:
                line = f.read()
            if line:
                return pid if run.encode() in line else None
            with open(f'/proc/{pid}/stat') as f:
                if f.read().rsplit(')', 1)[1].split()[0] == 'Z':
                    return None
            time.sleep(0.02)
    except (OSError, ValueError):
        pass
    return None


def stop(run, name, how=signal.SIGKILL):
    """Ends the process of that name and waits until it is gone."""
    pid = pid_of(run, name)
    if pid:
        os.kill(pid, how)
        while pid_of(run, name):
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
            time.sleep(0.05)
    try:
        os.unlink(os.path.join(run, name + '.pid'))
    except FileNotFoundError:
        pass


def remember(run, name, pid):
    with open(os.path.join(run, name + '.pid'), 'w') as f:
        f.write(str(pid))
