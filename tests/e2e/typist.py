"""typist.py - sit at a terminal as a user: type commands, judge what is said.

usage: typist.py USER TRANSCRIPT < COMMANDS

USER logs in (login -f) on a pseudo-terminal.  COMMANDS has, for each of them,

    $ COMMAND     typed when the shell's prompt is there
    > ANSWER      typed when a question for a password ends the screen
    = STATUS      that it ends with (0)
    ~ PATTERN     of a line that is printed

Every line must be matched by a pattern, and every pattern by a line: so a raw
error, or a line that nobody wanted, fails.  Prints TAP lines without numbers.
TRANSCRIPT gets what the screen showed, and the seconds each command took.
"""
import os
import pty
import re
import select
import sys
import time

LIMIT = 900             # seconds for one command, under emulation
PROMPT = re.compile(r"(?:^|\n)([^\n]*)@@(\d+)@@ $")
ASKS = re.compile(r"([Pp]assword[^\n]*|again):\s*$")


class Terminal:
    def __init__(self, argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.clear()
            os.environ.update(PATH="/usr/bin:/bin", TERM="dumb")
            os.execv(argv[0], argv)
        self.seen = ""

    def write(self, text):
        os.write(self.fd, text.encode())

    def read_until(self, *wanted):
        """Which of wanted matches the end of what is on the screen."""
        end = time.monotonic() + LIMIT
        while True:
            for pattern in wanted:
                found = pattern.search(self.seen)
                if found:
                    return pattern, found
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                sys.exit("typist: no prompt; the screen: %r" % self.seen)
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                sys.exit("typist: the terminal ended: %r" % self.seen)
            self.seen += data.decode(errors="replace").replace("\r\n", "\n")


class Command:
    def __init__(self, text):
        self.text = text
        self.answers = []
        self.status = 0
        self.patterns = []


def commands(lines):
    out = []
    for line in lines:
        kind, text = line[:2], line[2:].rstrip("\n")
        if kind == "$ ":
            out.append(Command(text))
        elif kind == "> ":
            out[-1].answers.append(text)
        elif kind == "= ":
            out[-1].status = int(text)
        elif kind == "~ ":
            out[-1].patterns.append(re.compile(text))
    return out


def one(term, command):
    """What it printed, its status and its seconds."""
    answers = list(command.answers)
    said = ""
    term.seen = ""
    since = time.monotonic()
    term.write(command.text + "\n")
    while True:
        which, found = term.read_until(PROMPT, ASKS)
        if which is PROMPT:
            break
        if not answers:
            sys.exit("typist: asked, with no answer: %r" % term.seen)
        said += term.seen
        term.seen = ""
        term.write(answers.pop(0) + "\n")
    seconds = time.monotonic() - since
    said += term.seen[:found.start()]
    if found.group(1):          # output without a newline at its end
        said += "\n" + found.group(1)
    said = said.partition("\n")[2].strip("\n")     # without the echo
    lines = [line.rpartition("\r")[2].rstrip() for line in said.split("\n")]
    return "\n".join(lines), int(found.group(2)), seconds


def judge(command, said, status):
    """What is wrong with it: a list of sentences."""
    wrong = []
    if status != command.status:
        wrong.append("ended with %d, not %d" % (status, command.status))
    lines = said.split("\n") if said else []
    for line in lines:
        if not any(p.fullmatch(line) for p in command.patterns):
            wrong.append("said: %r" % line)
    for p in command.patterns:
        if not any(p.fullmatch(line) for line in lines):
            wrong.append("did not say: %s" % p.pattern)
    return wrong


def main():
    user, transcript = sys.argv[1:]
    term = Terminal(["/bin/login", "-f", user])
    term.read_until(re.compile(r"[$#] $"))
    term.seen = ""
    # the mark is taken apart here, so that its echo is none
    term.write("stty cols 100; bind 'set enable-bracketed-paste off'; "
               "PS1='@'@'$?'@'@ '\n")
    term.read_until(PROMPT)
    with open(transcript, "a", encoding="utf-8") as out:
        for command in commands(sys.stdin):
            said, status, seconds = one(term, command)
            out.write("$ %s\n" % command.text)
            if said:
                out.write(said + "\n")
            out.write("    [%.1f s%s]\n\n" % (
                seconds, "" if status == 0 else ", status %d" % status))
            out.flush()
            wrong = judge(command, said, status)
            for w in wrong:
                print("#", w)
            print("%sok - %s" % ("not " if wrong else "", command.text),
                  flush=True)
    term.write("exit\n")
    os.waitpid(term.pid, 0)


main()
