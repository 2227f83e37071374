// podp's own narrow view of libxenctrl: plain structs of fixed width, so that Swift sees the same whatever Xen's headers look like.
//
// libxenctrl's ABI belongs to one Xen release. All that differs between releases stands in xen_shim.c, behind #if.
// Every function returns 0 or a positive count, or -errno. None prints anything: the library's last words are kept for podp_xen_message.
// A handle may be used by one thread at a time.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct podp_xen podp_xen;

enum {
    PODP_XEN_DYING = 1 << 0,
    PODP_XEN_HVM = 1 << 1,
    PODP_XEN_SHUTDOWN = 1 << 2,
    PODP_XEN_PAUSED = 1 << 3,
    PODP_XEN_BLOCKED = 1 << 4,
    PODP_XEN_RUNNING = 1 << 5,
    PODP_XEN_HAP = 1 << 6,
    // The domain has an emulated platform (timer, interrupt controller, graphics): HVM proper, not PVH.
    PODP_XEN_EMULATED_PLATFORM = 1 << 7,
};

// Why a domain has shut down.
enum { PODP_XEN_POWEROFF = 0, PODP_XEN_REBOOT = 1, PODP_XEN_SUSPEND = 2, PODP_XEN_CRASH = 3, PODP_XEN_WATCHDOG = 4, PODP_XEN_SOFT_RESET = 5 };

typedef struct {
    uint32_t number;
    uint32_t flags;
    uint32_t shutdown_reason;
    uint32_t online_vcpus;
    uint32_t max_vcpu_id;  // UINT32_MAX: the domain has no vCPUs yet
    uint32_t cpupool;
    uint64_t cpu_ns;
    uint64_t memory_bytes;
    uint64_t max_memory_bytes;  // UINT64_MAX: no limit (dom0)
    uint64_t outstanding_bytes;
    uint8_t uuid[16];
} podp_xen_domain;

typedef struct {
    uint8_t online, blocked, running;
    uint32_t cpu;
    uint64_t cpu_ns;
} podp_xen_vcpu;

typedef struct {
    uint32_t cpus, threads_per_core, cores_per_socket, nodes, cpu_khz;
    uint8_t can_hvm, can_pv, has_hap, has_shadow, has_iommu;
    uint64_t total_bytes, free_bytes, scrub_bytes, outstanding_bytes;
} podp_xen_host;

typedef struct {
    uint32_t major, minor;
    char extra[16];
    // The release of Xen that this file was compiled for, such as 4 and 17.
    uint32_t compiled_major, compiled_minor;
} podp_xen_version;

// Opens the hypervisor. NULL: *error holds errno (ENOENT: this kernel does not run on Xen, or not as a control domain).
podp_xen *podp_xen_open(int *error);
void podp_xen_close(podp_xen *);
// The library's last message, empty when there is none. Valid until the next call with this handle.
const char *podp_xen_message(const podp_xen *);

// How many domains fit into one page of libxenctrl's. It keeps single pages for the next call; more would be mapped and unmapped at every call.
int podp_xen_domains_per_page(void);

int podp_xen_get_version(podp_xen *, podp_xen_version *);
int podp_xen_get_host(podp_xen *, podp_xen_host *);
// Fills at most `room` idle times in nanoseconds, one a physical CPU; returns how many there are.
int podp_xen_get_idle(podp_xen *, uint64_t *idle_ns, int room);
// Fills at most `room` domains with numbers of at least `first`, ascending; returns how many were filled.
int podp_xen_get_domains(podp_xen *, uint32_t first, podp_xen_domain *, int room);
int podp_xen_get_vcpu(podp_xen *, uint32_t domain, uint32_t vcpu, podp_xen_vcpu *);
// dom0's (or any domain's) weight and cap under the credit2 scheduler. -EOPNOTSUPP: another scheduler runs.
int podp_xen_get_credit2(podp_xen *, uint32_t domain, uint32_t *weight, uint32_t *cap);
// Takes one pause by the toolstack away; Xen counts them, and a domain runs when none is left. -EINVAL: none is left.
int podp_xen_unpause(podp_xen *, uint32_t domain);

// The CPU features that Xen can give: 32-bit words in Xen's own order. `hvm`: to HVM and PVH domains, otherwise to PV domains.
// Returns how many words there are, at most `room` of them filled.
int podp_xen_get_features(podp_xen *, int hvm, uint32_t *words, int room);
// Xen's name of bit `bit % 32` of word `bit / 32`, such as SSE3; NULL when it has none. Needs no handle.
const char *podp_xen_feature_name(uint32_t bit);
