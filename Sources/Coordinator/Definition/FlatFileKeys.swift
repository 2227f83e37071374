/// What becomes of each key of xl.cfg(5) that a definition has no place for. `docs/decisions/flat-file-keys.md` says why.
///
/// The rule: a key is refused when the domain would be another one without it, or could not run on another blade with it. A key that only tunes
/// or shows (graphics, sound, pinning) is left out with a warning.
enum FlatFileKeys {
    enum Treatment: Equatable {
        case carried
        /// Left out; the text says what that means.
        case dropped(String)
        case refused(String)
    }

    static let carried: Set<String> = [
        "name", "uuid", "type", "builder", "memory", "maxmem", "vcpus", "maxvcpus", "cpu_weight", "cap", "kernel", "ramdisk", "cmdline", "root", "extra",
        "bootloader", "boot", "firmware", "bios", "disk", "vif", "on_poweroff", "on_reboot", "on_crash",
    ]

    /// podp's own keys. xl ignores keys that it does not know.
    static let own: Set<String> = [
        "podp_allowed_downtime", "podp_stays", "podp_apart", "podp_together", "podp_only_on", "podp_never_on", "podp_spread", "podp_near",
        "podp_exclusive", "podp_prices", "podp_priority", "podp_shared", "podp_memory_kib", "podp_maxmem_kib",
    ]

    /// Values that change nothing, being xl's default or podp's: such a setting is passed over in silence.
    static let harmless: [String: Set<String>] = [
        "acpi": ["1"], "apic": ["1"], "pae": ["1"], "nx": ["1"], "hap": ["1"], "hpet": ["1"], "xen_platform_pci": ["1"], "acpi_s3": ["1"], "acpi_s4": ["1"],
        "localtime": ["0"], "rtc_timeoffset": ["0"], "nestedhvm": ["0"], "nomigrate": ["0"], "driver_domain": ["0"], "e820_host": ["0"], "viridian": ["0"],
        "usb": ["0"], "vnc": ["0"], "sdl": ["0"], "spice": ["0"], "stdvga": ["0"], "opengl": ["0"], "nographic": ["1"], "gfx_passthru": ["0"],
        "altp2mhvm": ["0"], "altp2m": ["disabled", "0"], "pvshim": ["0"], "vpmu": ["0"], "vmtrace_buf_kb": ["0"], "xend_suspend_evtchn_compat": ["0"],
        "passthrough": ["disabled", "default"], "tsc_mode": ["default", "0"], "serial": ["pty"], "vga": ["none"], "cpus": ["all"], "cpus_soft": ["all"],
        "pool": ["Pool-0"], "device_model_version": ["qemu-xen"], "on_watchdog": ["destroy"], "on_soft_reset": ["soft-reset"], "bootloader_args": [""],
        "pci_permissive": ["0"], "pci_msitranslate": ["0"], "pci_seize": ["0"], "pci_power_mgmt": ["0"], "acpi_laptop_slate": ["0"], "claim_mode": ["1"],
    ]

    static func treatment(of key: String) -> Treatment? { table[key] }

    /// The known key that a mistyped one may mean: one or two letters away.
    static func nearest(to key: String) -> String? {
        let candidates = carried.union(own).union(table.keys)
        let limit = key.utf8.count < 5 ? 1 : 2
        return candidates.filter { abs($0.utf8.count - key.utf8.count) <= limit }.map { ($0, distance(Array($0.utf8), Array(key.utf8))) }
            .filter { $0.1 <= limit }.min { ($0.1, $0.0) < ($1.1, $1.0) }?.0
    }

    /// Levenshtein's distance; both words are short (`nearest` compares only words of like length, and keys longer than 64 bytes with none).
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        guard b.count <= 64 else { return .max }
        var row = Array(0...b.count)
        for (i, byte) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in b.enumerated() {
                let substituted = diagonal + (byte == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[b.count]
    }

    private static let table: [String: Treatment] = {
        var table: [String: Treatment] = [:]
        for key in carried.union(own) { table[key] = .carried }
        func refuse(_ reason: String, _ keys: String...) { for key in keys { table[key] = .refused(reason) } }
        func drop(_ effect: String, _ keys: String...) { for key in keys { table[key] = .dropped(effect) } }

        refuse(
            "it ties the domain to one blade's hardware, so that it could not be moved", "pci", "usbdev", "dtdev", "ioports", "iomem", "irqs", "gfx_passthru",
            "passthrough", "rdm", "rdm_mem_boundary", "device_tree", "vmtrace_buf_kb", "host_device", "usb_host")
        refuse("it needs another domain or a file of this blade's dom0, which a move would leave behind", "vtpm", "p9", "pvcalls", "virtio", "channel", "argo")
        refuse("such a domain cannot be migrated", "nomigrate", "vnuma", "nestedhvm", "driver_domain", "altp2m", "altp2mhvm")
        refuse(
            "the domain would see another machine without it", "cpuid", "viridian", "tsc_mode", "timer_mode", "localtime", "rtc_timeoffset", "acpi", "apic",
            "pae", "nx", "hap", "hpet", "xen_platform_pci", "e820_host", "mmio_hole", "acpi_firmware", "smbios_firmware", "smbios", "ms_vm_genid", "hdtype",
            "bios_path_override", "firmware_override", "device_model_override", "device_model_version", "device_model_args", "device_model_args_pv",
            "device_model_args_hvm", "device_model_stubdomain_override", "stubdomain_memory", "stubdomain_kernel", "stubdomain_cmdline", "stubdomain_ramdisk",
            "pvshim", "pvshim_path", "pvshim_cmdline", "pvshim_extra", "pvh", "bootloader_args", "vendor_device", "vpmu", "gic_version", "vuart", "tee", "sve",
            "nr_spis", "acpi_laptop_slate")
        refuse("the domain would run without its security label", "seclabel", "init_seclabel", "device_model_stubdomain_seclabel")

        drop(
            "podp gives its domains a text console only", "vfb", "vnc", "vnclisten", "vncdisplay", "vncunused", "vncpasswd", "sdl", "opengl", "display",
            "xauthority",
            "nographic", "spice", "spicehost", "spiceport", "spicetls_port", "spicedisable_ticketing", "spicepasswd", "spiceagent_mouse", "spicevdagent",
            "spice_clipboard_sharing", "spiceusbredirection", "spice_image_compression", "spice_streaming_video", "stdvga", "vga", "videoram", "keymap",
            "vdispl", "vkb", "vkb_device", "serial")
        drop("podp carries no such device", "soundhw", "vsnd", "usb", "usbdevice", "usbctrl", "usbversion", "parallel", "monitor")
        drop("podp and the hypervisor place vCPUs themselves", "cpus", "cpus_soft", "pool")
        drop(
            "the hypervisor's default is used", "max_grant_frames", "max_maptrack_frames", "max_grant_version", "max_event_channels", "shadow_memory", "oos",
            "vpt_align", "acpi_s3", "acpi_s4", "suppress_spurious_page_faults", "blkdev_start", "dm_restrict", "device_model_user", "claim_mode",
            "xend_suspend_evtchn_compat", "cpuid_policy")
        drop("podp's agent and libvirt decide", "on_watchdog", "on_soft_reset", "on_xend_start", "on_xend_stop")
        drop("there is no device for it to apply to", "pci_permissive", "pci_msitranslate", "pci_seize", "pci_power_mgmt")
        return table
    }()
}
