"""A synthetic 14-bay IBM BladeCenter H behind its Advanced Management Module: objects, power, faults.

SYNTHETIC: no line of this was recorded. Object identifiers and enumerations are those of IBM's BLADE-MIB 5.3; the texts have the formats that
such modules give ("45.00 Centigrade", "serverBladeBay3(19)", "980W"). Serial numbers, UUIDs and addresses are made up.

One lock guards everything: the SNMP agent asks from one thread, the test steers from another.
"""

import bisect
import threading
import time

BASE = (1, 3, 6, 1, 4, 1, 2, 3, 51, 2)
SYSTEM = (1, 3, 6, 1, 2, 1, 1)
OFF, ON, STANDBY = 0, 1, 3
GOOD, DISCOVERING, COMM_ERROR, INSUFFICIENT_POWER, POWER_DENIED = 1, 5, 6, 10, 11
BAYS = 14


def number(text):
    """(2, 22, 1) of "2.22.1"."""
    return tuple(int(part) for part in text.strip().strip(".").split("."))


def dotted(oid):
    return ".".join(str(part) for part in oid)


class Blade:
    """One blade: what is true of it, and what the management module is made to say."""

    def __init__(self, bay, present=True, running=True, width=1):
        self.bay = bay
        self.present = present
        self.running = running
        self.width = width
        self.health = GOOD if present else 0
        self.remote_power = 1 if present else 0
        self.pending = None  # (due, running)
        # Faults.
        self.delay_off = 2.0
        self.delay_on = 3.0
        self.delay_soft = 4.0
        self.obeys = True
        self.lies = []  # states to answer instead of the truth, one a reading
        self.keeps_orders = False  # each order is done at its own time, whatever is ordered after it
        self.kept = []
        self.shown = None  # always answer this state
        self.start_refused = 0  # the health that a refused start leaves
        self.restarts_when_seen_off = None  # someone else switches it on so many seconds after "off" was read
        # What happened, for the test: (time, "on"/"off") of the true state, and orders.
        self.truth = [(time.time(), running)]
        self.orders = []

    def settle(self, now):
        for order in sorted(order for order in self.kept if now >= order[0]):
            self.become(order[1])
            self.kept.remove(order)
        if self.pending and now >= self.pending[0]:
            self.become(self.pending[1])
            self.pending = None

    def become(self, running):
        if running != self.running:
            self.running = running
            self.truth.append((time.time(), running))

    def order(self, what, now):
        """0 hard off, 1 on, 2 soft off, as powerOnOffBlade takes them."""
        self.orders.append((time.time(), what))
        if not self.obeys:
            return
        if what == ON and self.start_refused:
            self.health = self.start_refused
            return
        delay = {0: self.delay_off, 1: self.delay_on, 2: self.delay_soft}[what]
        if self.keeps_orders:
            self.kept.append((now + delay, what == ON))
        else:
            self.pending = (now + delay, what == ON)

    def reading(self, now):
        self.settle(now)
        if self.lies:
            return self.lies.pop(0)
        if self.shown is not None:
            return self.shown
        state = ON if self.running else OFF
        if state == OFF and self.present and self.restarts_when_seen_off is not None and self.pending is None:
            self.pending = (now + self.restarts_when_seen_off, True)
            self.restarts_when_seen_off = None
        return state

    @property
    def name(self):
        return "blade%02d" % self.bay

    def watts(self):
        return 0 if not self.present else 180 + 7 * self.bay if self.running else 30


class Missing(Exception):
    """There is no such object, or somebody took it away."""


class Refused(Exception):
    """A SET that is not done; the text is pass_persist's word for why."""


class BladeCenter:
    """The chassis. `get`, `after` and `set` are what an SNMP agent needs; the rest is for whoever steers it."""

    def __init__(self, absent=(6, 12), off=(13, 14), wide=None):
        self.lock = threading.RLock()
        self.blades = {bay: Blade(bay, present=bay not in absent, running=bay not in absent and bay not in off) for bay in range(1, BAYS + 1)}
        for bay, width in (wide or {}).items():
            self.blades[bay].width = width
            for covered in range(bay + 1, bay + width):
                self.blades[covered] = Blade(covered, present=False, running=False)
        self.primary = 1
        self.modules = 2  # management modules
        self.addresses = ["192.0.2.125", "192.0.2.125"]  # one for both, which moves with the lead
        self.auto_power_on = 3  # manual
        self.measured = True
        self.missing_columns = set()  # prefixes, below BASE
        self.dead_switches = set()
        self.on_set = None  # called with (oid, value) after a SET was done
        self.sets = []
        self._table = None
        self._keys = []

    # ---- What an agent asks

    def get(self, oid):
        with self.lock:
            table = self._objects()
            if oid not in table or self._is_missing(oid):
                raise Missing()
            kind, value = table[oid]
            return kind, value() if callable(value) else value

    def after(self, oid):
        with self.lock:
            self._objects()
            place = bisect.bisect_right(self._keys, oid)
            while place < len(self._keys) and self._is_missing(self._keys[place]):
                place += 1
            if place >= len(self._keys):
                raise Missing()
            return self._keys[place]

    def set(self, oid, kind, text):
        with self.lock:
            tail = oid[len(BASE):]
            now = time.monotonic()
            self.sets.append((time.time(), tail, text))
            if oid[: len(BASE)] != BASE or len(tail) < 2:
                raise Refused("not-writable")
            column, bay = tail[:-1], tail[-1]
            blade = self.blades.get(bay)
            if column == (22, 1, 6, 1, 1, 7):
                if kind != "integer":
                    raise Refused("wrong-type")
                if blade is None or not blade.present or not blade.remote_power:
                    raise Refused("inconsistent-value")
                if text not in ("0", "1", "2"):
                    raise Refused("wrong-value")
                blade.settle(now)
                blade.order(int(text), now)
            elif column == (22, 1, 6, 1, 1, 8):
                if blade is None or not blade.present:
                    raise Refused("inconsistent-value")
                blade.orders.append((time.time(), "restart"))
                blade.become(False)
                blade.pending = (now + blade.delay_on, True)
            elif (column == (22, 1, 4, 1, 1, 7) or tail in ((22, 1, 4, 2, 7, 0), (22, 1, 4, 2, 1, 0))) and oid in self._objects():
                # Settings: what they are set to here is what they were.
                pass
            elif oid in self._objects():
                raise Refused("not-writable")
            else:
                raise Refused("no-creation")
        if self.on_set:
            self.on_set(oid, text)

    # ---- What a test steers

    def blade(self, bay):
        return self.blades[bay]

    def is_running(self, bay):
        with self.lock:
            self.blades[bay].settle(time.monotonic())
            return self.blades[bay].running

    def relayout(self):
        """After presence or a width was changed."""
        with self.lock:
            self._table = None

    def _is_missing(self, oid):
        tail = oid[len(BASE):]
        return any(tail[: len(prefix)] == prefix for prefix in self.missing_columns)

    def objects(self):
        """Every object with its value now, in order: (oid, kind, value)."""
        with self.lock:
            table = self._objects()
            return [(oid, table[oid][0], table[oid][1]() if callable(table[oid][1]) else table[oid][1]) for oid in self._keys if not self._is_missing(oid)]

    # ---- The objects

    def _objects(self):
        if self._table is None:
            self._table = {}
            self._module()
            self._power()
            for blade in self.blades.values():
                self._blade(blade)
            self._parts()
            self._keys = sorted(self._table)
        return self._table

    def _put(self, tail, kind, value):
        self._table[BASE + number(tail)] = (kind, value)

    def _integer(self, tail, value):
        self._put(tail, "integer", value)

    def _text(self, tail, value):
        self._put(tail, "string", value)

    def _module(self):
        self._text("2.1.1.2.0", "38.00 Centigrade")
        self._text("2.1.5.1.0", "23.50 Centigrade")
        self._integer("2.7.1.0", 255)
        self._integer("2.7.2.1.1.1", 1)
        self._text("2.7.2.1.2.1", "Good")
        self._text("2.7.2.1.3.1", "System is operating normally. All monitored parameters are OK.")
        self._text("2.21.1.1.1.0", "8852")
        self._text("2.21.1.1.2.0", "4XG  ")
        self._text("2.21.1.1.3.0", "SYNTH01")
        self._text("2.21.1.1.4.0", "5EED 0000 0000 4000 8000 0000 0000 00FF ")
        self._text("22.4.3.0", "podp-synthetic")
        self._integer("22.4.19.0", BAYS)
        self._text("22.4.25.0", lambda: "".join("1" if self.blades[bay].present else "0" for bay in sorted(self.blades)))
        self._text("22.4.29.0", "1100000000")
        self._text("22.4.30.0", lambda: "11" if self.modules == 2 else "10")
        self._text("22.4.31.0", "1111")
        self._text("22.4.33.0", "11")
        self._integer("22.4.34.0", lambda: self.primary)
        self._integer("22.4.38.0", 97)
        self._integer("22.4.39.0", 2)
        self._integer("22.1.4.2.1.0", 1)
        self._integer("22.1.4.2.7.0", lambda: self.auto_power_on)
        for module in (1, 2):
            self._integer("22.5.1.1.1.%d" % module, module)
            self._integer("22.5.1.1.2.%d" % module, lambda m=module: int(m <= self.modules))
            self._put("22.5.1.1.3.%d" % module, "ipaddress", lambda m=module: self.addresses[m - 1])
            self._integer("22.5.1.1.4.%d" % module, lambda m=module: int(self.primary == m))
            self._integer("22.5.1.1.5.%d" % module, lambda m=module: 1 if m <= self.modules else 0)
        self._integer("2.5.2.76.0", lambda: int(self.modules == 2))
        self._integer("2.5.2.77.0", lambda: int(self.modules == 2))
        for index, text in enumerate(("System log cleared by user USERID.", "Blade 13 powered off."), 1):
            self._integer("3.4.2.1.1.%d" % index, index)
            self._text("3.4.2.1.2.%d" % index, "Severity:INFO  Source:SERVPROC  Name:synthetic  Date:11/22/26  Time:09:4%d:27  Text:%s" % (9 - index, text))

    def _power(self):
        for domain in (1, 2):
            bays = range(1, 8) if domain == 1 else range(8, 15)
            used = lambda bays=bays, domain=domain: sum(self.blades[bay].watts() for bay in bays) + (240 if domain == 1 else 60)
            table = "2.10.1.1.1.%d." + str(domain)
            self._integer(table % 1, domain)
            self._integer(table % 2, domain)
            self._text(table % 3, "1 - Power domain status is good.")
            self._text(table % 4, "Bay %d: 2940W" % (2 * domain - 1))
            self._text(table % 5, "Bay %d: 2940W" % (2 * domain))
            self._integer(table % 6, 0)
            self._text(table % 7, "2940W")
            self._text(table % 8, lambda used=used: "%dW" % (used() + 300))
            self._text(table % 9, lambda used=used: "%dW" % (2940 - used() - 300))
            self._text(table % 10, lambda used=used: "%dW" % used())
            for place, bay in enumerate(bays):
                self._power_row(domain, 17 + place, self.blades[bay])
        total = lambda: sum(blade.watts() for blade in self.blades.values()) + 520
        self._text("2.10.5.1.1.0", "5880W")
        self._text("2.10.5.1.2.0", lambda: "%dW" % total())
        self._text("2.10.5.1.3.0", lambda: "%d BTU/hour" % (total() * 3412 // 1000))

    def _power_row(self, domain, row, blade):
        table = "2.10.%d.1.1.%%d.%d" % (domain + 1, row)
        there = lambda yes, no: lambda: yes if blade.present else no
        self._integer(table % 1, row)
        self._text(table % 2, "serverBladeBay%d(%d)" % (blade.bay, row))
        self._integer(table % 3, 1)
        self._integer(table % 4, 2)
        self._text(table % 5, there(blade.name, ""))
        self._integer(table % 6, lambda: 2 if not blade.present else 1 if blade.running else 0)
        self._text(table % 7, lambda: "%dW" % blade.watts())
        self._text(table % 8, there("345W", "0W"))
        self._text(table % 9, there("150W", "0W"))
        self._integer(table % 12, there(5, 255))
        self._integer(table % 13, lambda: 255 if not blade.present else int(self.measured))

    def _blade(self, blade):
        bay = blade.bay
        there = lambda yes, no: lambda: yes if blade.present else no
        state = lambda: blade.reading(time.monotonic())
        name = there(blade.name, "(No name)")
        for group in ("22.1.5.1.1.", "22.1.4.1.1.", "22.1.6.1.1.", "2.8.2.1.1."):
            self._integer("%s1.%d" % (group, bay), bay)
            self._integer("%s2.%d" % (group, bay), bay)
            self._integer("%s3.%d" % (group, bay), lambda: int(blade.present))
            self._integer("%s4.%d" % (group, bay), state)
            self._integer("%s5.%d" % (group, bay), lambda: blade.health)
            self._text("%s6.%d" % (group, bay), name)
        status = "22.1.5.1.1.%%d.%d" % bay
        for column in (7, 8, 9, 13):
            self._integer(status % column, lambda c=column: blade.remote_power if c == 7 else int(blade.present))
        self._integer(status % 15, lambda: blade.width if blade.present else 0)
        self._integer(status % 52, lambda: int(blade.present))
        self._integer("22.1.4.1.1.7.%d" % bay, lambda: blade.remote_power)
        for column in (7, 8, 9):
            self._integer("22.1.6.1.1.%d.%d" % (column, bay), 0)
        for column in (7, 8, 9, 10, 11):
            self._integer("2.8.2.1.1.%d.%d" % (column, bay), 0)
        health = "22.1.5.2.1.%%d.%d" % bay
        self._integer(health % 1, bay)
        self._integer(health % 2, bay)
        self._text(health % 3, there("Good", "(No severity)"))
        self._text(health % 4, there("No critical or warning events", "(No description)"))
        self._temperatures(blade)
        vital = "2.21.4.1.1.%%d.%d" % bay
        self._integer(vital % 1, bay)
        self._text(vital % 2, str(bay))
        for column, value in ((3, "IBM"), (6, "SYNTH%05d " % bay), (7, "7870"), (8, uuid(bay)), (12, "AC1")):
            self._text(vital % column, there(value, "Not available"))
        for column in (2, 3, 4, 5):
            address = mac(bay, column - 2) if column < 4 else "Not Installed"
            self._text("2.21.4.2.1.%d.%d" % (column, bay), there(address, "Not Installed"))

    def _temperatures(self, blade):
        table = "22.1.5.3.1.%%d.%d" % blade.bay
        self._integer(table % 1, blade.bay)
        self._integer(table % 2, blade.bay)
        self._integer(table % 3, lambda: int(blade.present))
        self._integer(table % 4, lambda: int(blade.running))
        self._text(table % 5, lambda: blade.name if blade.present else "")
        for column in range(6, 11):
            self._text(table % column, lambda: "Not Readable" if blade.present else "")
        self._integer(table % 11, lambda: int(blade.present))
        for column, label, celsius in ((12, "CPU1", 40), (13, "CPU2", 39)):
            hot = "%s TEMP = +%d.00 Centigrade" % (label, celsius + blade.bay)
            self._text(table % column, lambda hot=hot: hot if blade.running else "Not Readable" if blade.present else "")

    def _parts(self):
        for blower in (1, 2):
            self._text("2.3.%d.0" % blower, "    46% of maximum")
            self._integer("2.3.%d.0" % (9 + blower), 1)
            self._text("2.3.%d.0" % (19 + blower), "2880")
            self._integer("2.3.%d.0" % (29 + blower), 0)
            self._text("2.3.%d.0" % (39 + blower), "35.00 Centigrade")
        for module in range(1, 5):
            for column, kind, value in ((1, "integer", module), (2, "integer", 1), (3, "integer", 1), (4, "string", "Power module status OK")):
                self._put("2.4.1.1.%d.%d" % (column, module), kind, value)
        for switch in range(1, 5):
            there = switch < 3
            alive = lambda s=switch, t=there: t and s not in self.dead_switches
            self._integer("22.3.1.1.1.1.%d" % switch, switch)
            self._text("22.3.1.1.1.4.%d" % switch, "FF:  Switch module completed POST successfully." if there else "")
            self._integer("22.3.1.1.1.15.%d" % switch, lambda alive=alive: 1 if alive() else 0)
            table = "22.3.1.7.1.%%d.%d" % switch
            self._integer(table % 1, switch)
            self._integer(table % 3, int(there))
            self._integer(table % 4, 1 if there else 0)
            self._text(table % 5, "02:5e:ed:ff:00:%02x" % switch if there else "")
            self._put(table % 6, "ipaddress", "192.0.2.%d" % (126 + switch))
            self._integer(table % 7, lambda alive=alive: int(alive()))


def uuid(bay):
    """As the management module writes it: groups of four digits, a trailing blank."""
    return "5EED 0000 0000 4000 8000 0000 0000 %04X " % bay


def mac(bay, port):
    """A locally administered address."""
    return "02:5e:ed:00:%02x:%02x" % (port, bay)


TAGS = {"integer": "2", "string": "4", "objectid": "6", "ipaddress": "64", "timeticks": "67"}


def recording(chassis):
    """The chassis as a `.snmprec` file of snmpsim."""
    rows = [(SYSTEM + (1, 0), "string", "BladeCenter Advanced Management Module"), (SYSTEM + (2, 0), "objectid", "1.3.6.1.4.1.2.6.158.5")]
    rows += [(SYSTEM + (3, 0), "timeticks", "52347100"), (SYSTEM + (5, 0), "string", "synthetic")]
    rows += chassis.objects()
    return "".join("%s|%s|%s\n" % (dotted(oid), TAGS[kind], value) for oid, kind, value in sorted(rows, key=lambda row: row[0]))


if __name__ == "__main__":
    import sys

    sys.stdout.write(recording(BladeCenter()))
