/// How a family of Switched PDUs shows and takes the state of an outlet. The numbers differ between families, one even the other way round:
/// a profile is chosen by the device's sysObjectID, or by the operator, never guessed.
struct PDUProfile: Hashable, Sendable {
    var name: String
    /// Outlet N's state is read at `.N` below.
    var status: ObjectID
    var readsOn: Int64
    var readsOff: Int64
    /// Outlet N is switched at `.N` below.
    var control: ObjectID
    var writesOn: Int32
    var writesOff: Int32
    /// The device's sysObjectID; `nil`: only by name.
    var sysObjectID: ObjectID?

    private static let apc = "1.3.6.1.4.1.318"

    /// Sources: fence_apc_snmp of fence-agents (the first three), PowerNet-MIB (rPDU2's outlets: 1 is off, 2 is on, and it writes the other way).
    static let all: [PDUProfile] = [
        PDUProfile(
            name: "apc-rpdu", status: ObjectID("\(apc).1.1.12.3.5.1.1.4"), readsOn: 1, readsOff: 2, control: ObjectID("\(apc).1.1.12.3.3.1.1.4"),
            writesOn: 1, writesOff: 2, sysObjectID: ObjectID("\(apc).1.3.4.5")),
        PDUProfile(
            name: "apc-rpdu-6", status: ObjectID("\(apc).1.1.4.4.2.1.3"), readsOn: 1, readsOff: 2, control: ObjectID("\(apc).1.1.12.3.3.1.1.4"), writesOn: 1,
            writesOff: 2, sysObjectID: ObjectID("\(apc).1.3.4.6")),
        PDUProfile(
            name: "apc-masterswitch", status: ObjectID("\(apc).1.1.4.4.2.1.3"), readsOn: 1, readsOff: 2, control: ObjectID("\(apc).1.1.4.4.2.1.3"), writesOn: 1,
            writesOff: 2, sysObjectID: nil),
        PDUProfile(
            name: "apc-rpdu2", status: ObjectID("\(apc).1.1.26.9.2.3.1.5"), readsOn: 2, readsOff: 1, control: ObjectID("\(apc).1.1.26.9.2.4.1.5"), writesOn: 1,
            writesOff: 2, sysObjectID: nil),
    ]

    static let sysObjectID = ObjectID("1.3.6.1.2.1.1.2.0")
}
