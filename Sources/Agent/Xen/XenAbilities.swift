import PodpModel

/// What Xen can do with which type of domain, as it says itself.
enum XenAbilities {
    /// Live migration needs a log of the pages that a domain writes. Xen keeps one with nested paging (PVH, HVM) or with shadow paging (all types);
    /// Debian builds Xen without the second, so there a PV domain cannot move while it runs.
    static func liveMigration(_ host: XenHost) -> [VirtualisationType: Ability] {
        let pv: Ability
        if !host.canPV {
            pv = .no(reason: "this Xen runs no PV domains")
        } else if !host.hasShadowPaging {
            pv = .no(
                reason:
                    "a PV domain cannot move while it runs: this Xen is built without shadow paging. It can be moved while it stands still (stop-and-go), or be made a PVH domain"
            )
        } else {
            pv = .yes
        }
        let hvm: Ability
        if !host.canHVM {
            hvm = .no(reason: "this blade's processors run no HVM or PVH domains (no hardware virtualisation, or it is switched off in the firmware)")
        } else if !host.hasHardwarePaging && !host.hasShadowPaging {
            hvm = .no(reason: "this Xen has neither nested nor shadow paging, and cannot follow what a domain writes while it moves")
        } else {
            hvm = .yes
        }
        return [.pv: pv, .pvh: hvm, .hvm: hvm]
    }
}
