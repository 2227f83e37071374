import AgentCore
import PodpModel

/// Who a host is: from its firmware (DMI), its kernel and its name.
public struct HostIdentity: Sendable {
    public var files: HostFiles

    public init(files: HostFiles) { self.files = files }

    /// The blade's id is its DMI UUID. Where there is no usable one (virtual hosts, boards that leave the field empty), `/etc/machine-id` stands in.
    /// Throws `.malformed` when the host has neither.
    public func identity() throws(HypervisorError) -> BladeIdentity {
        let name = files.text("/proc/sys/kernel/hostname") ?? "localhost"
        let serial = files.text("/sys/class/dmi/id/product_serial") ?? ""
        if let id = files.text("/sys/class/dmi/id/product_uuid").flatMap({ ID128($0) }), Self.isUsable(id) {
            return BladeIdentity(id: BladeID(id), serial: serial, name: name)
        }
        if let id = files.text("/etc/machine-id").flatMap({ ID128($0) }), Self.isUsable(id) {
            return BladeIdentity(id: BladeID(id), serial: serial, name: name)
        }
        throw HypervisorError(
            .malformed,
            "this host has no identity: /sys/class/dmi/id/product_uuid and /etc/machine-id hold no usable UUID; systemd-machine-id-setup makes the second")
    }

    /// Firmware that was never filled in says all zeros, all ones, or this well-known number.
    static func isUsable(_ id: ID128) -> Bool {
        id != .zero && id != ID128(high: .max, low: .max) && id != ID128("03000200-0400-0500-0006-000700080009")
    }

    /// The kernel's random name of this boot. Throws `.malformed` when `/proc` is not mounted.
    public func bootID() throws(HypervisorError) -> ID128 {
        guard let id = files.text("/proc/sys/kernel/random/boot_id").flatMap({ ID128($0) }) else {
            throw HypervisorError(.malformed, "/proc/sys/kernel/random/boot_id holds no UUID: is /proc mounted?")
        }
        return id
    }

    /// The first processor as `/proc/cpuinfo` shows it.
    public func cpu() -> CPUModel {
        var model = CPUModel(vendor: "", model: "", features: [])
        for line in (files.bytes("/proc/cpuinfo", limit: 64 << 10) ?? []).lines {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let key = String(decoding: line[..<colon].trimmed, as: UTF8.self)
            let value = line[(colon + 1)...].trimmed
            switch key {
            case "vendor_id" where model.vendor.isEmpty: model.vendor = String(decoding: value, as: UTF8.self)
            case "model name" where model.model.isEmpty: model.model = String(decoding: value, as: UTF8.self)
            case "flags" where model.features.isEmpty: model.features = Set(value.words.map { String(decoding: $0, as: UTF8.self) }).sorted()
            default: break
            }
        }
        return model
    }
}
