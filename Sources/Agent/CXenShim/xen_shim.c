#define _GNU_SOURCE
#include "CXenShim.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>
#include <xenguest.h>
#include <xentoollog.h>

struct podp_xen {
    xentoollog_logger logger;  // first: the library hands it back
    xc_interface *xc;
    char message[256];
    xc_domaininfo_t *domains;
    int domain_room;
    xc_cpuinfo_t *cpus;
    int cpu_room;
};

static void keep_message(xentoollog_logger *logger, xentoollog_level level, int error, const char *context, const char *format, va_list words) {
    (void)context;
    if (level < XTL_WARN) return;
    struct podp_xen *xen = (struct podp_xen *)logger;
    int n = vsnprintf(xen->message, sizeof xen->message, format, words);
    if (error > 0 && n >= 0 && (size_t)n < sizeof xen->message - 3) {
        char text[64];
        snprintf(xen->message + n, sizeof xen->message - (size_t)n, ": %s", strerror_r(error, text, sizeof text));
    }
}

static void ignore_progress(xentoollog_logger *l, const char *c, const char *w, int p, unsigned long d, unsigned long t) {
    (void)l, (void)c, (void)w, (void)p, (void)d, (void)t;
}

static void nothing(xentoollog_logger *logger) { (void)logger; }

static int failed(void) { return errno > 0 ? -errno : -EIO; }

podp_xen *podp_xen_open(int *error) {
    struct podp_xen *xen = calloc(1, sizeof *xen);
    if (!xen) {
        *error = ENOMEM;
        return NULL;
    }
    xen->logger.vmessage = keep_message;
    xen->logger.progress = ignore_progress;
    xen->logger.destroy = nothing;
    xen->xc = xc_interface_open(&xen->logger, &xen->logger, 0);
    if (!xen->xc) {
        *error = errno ? errno : EIO;
        free(xen);
        return NULL;
    }
    *error = 0;
    return xen;
}

void podp_xen_close(podp_xen *xen) {
    if (!xen) return;
    xc_interface_close(xen->xc);
    free(xen->domains);
    free(xen->cpus);
    free(xen);
}

const char *podp_xen_message(const podp_xen *xen) { return xen->message; }

int podp_xen_get_version(podp_xen *xen, podp_xen_version *version) {
    memset(version, 0, sizeof *version);
    int v = xc_version(xen->xc, XENVER_version, NULL);
    if (v < 0) return failed();
    version->major = (uint32_t)v >> 16;
    version->minor = (uint32_t)v & 0xffff;
    xen_extraversion_t extra;
    if (xc_version(xen->xc, XENVER_extraversion, extra) >= 0) {
        memcpy(version->extra, extra, sizeof version->extra < sizeof extra ? sizeof version->extra : sizeof extra);
        version->extra[sizeof version->extra - 1] = 0;
    }
    version->compiled_major = 4;
    // The sysctl interface's version tells the release that the headers belong to.
#if XEN_SYSCTL_INTERFACE_VERSION == 0x00000015
    version->compiled_minor = 17;  // 4.16 and 4.17; Debian 12 has 4.17
#elif XEN_SYSCTL_INTERFACE_VERSION == 0x00000014
    version->compiled_minor = 15;
#else
    version->compiled_minor = version->minor;  // a newer header: the hypervisor itself refuses a wrong interface
#endif
    return 0;
}

int podp_xen_get_host(podp_xen *xen, podp_xen_host *host) {
    xc_physinfo_t info;
    memset(&info, 0, sizeof info);
    memset(host, 0, sizeof *host);
    if (xc_physinfo(xen->xc, &info) != 0) return failed();
    host->cpus = info.nr_cpus;
    host->threads_per_core = info.threads_per_core;
    host->cores_per_socket = info.cores_per_socket;
    host->nodes = info.nr_nodes;
    host->cpu_khz = info.cpu_khz;
    host->can_hvm = !!(info.capabilities & XEN_SYSCTL_PHYSCAP_hvm);
#ifdef XEN_SYSCTL_PHYSCAP_pv
    host->can_pv = !!(info.capabilities & XEN_SYSCTL_PHYSCAP_pv);
#else
    host->can_pv = 1;
#endif
#ifdef XEN_SYSCTL_PHYSCAP_hap
    host->has_hap = !!(info.capabilities & XEN_SYSCTL_PHYSCAP_hap);
#endif
#ifdef XEN_SYSCTL_PHYSCAP_shadow
    host->has_shadow = !!(info.capabilities & XEN_SYSCTL_PHYSCAP_shadow);
#endif
    host->has_iommu = !!(info.capabilities & XEN_SYSCTL_PHYSCAP_directio);
    host->total_bytes = info.total_pages * XC_PAGE_SIZE;
    host->free_bytes = info.free_pages * XC_PAGE_SIZE;
    host->scrub_bytes = info.scrub_pages * XC_PAGE_SIZE;
    host->outstanding_bytes = info.outstanding_pages * XC_PAGE_SIZE;
    return 0;
}

int podp_xen_get_idle(podp_xen *xen, uint64_t *idle_ns, int room) {
    if (xen->cpu_room < room) {
        xc_cpuinfo_t *more = realloc(xen->cpus, (size_t)room * sizeof *more);
        if (!more) return -ENOMEM;
        xen->cpus = more;
        xen->cpu_room = room;
    }
    int count = 0;
    if (xc_getcpuinfo(xen->xc, room, xen->cpus, &count) != 0) return failed();
    for (int i = 0; i < count && i < room; i++) idle_ns[i] = xen->cpus[i].idletime;
    return count;
}

static uint64_t pages(uint64_t count) { return count > (UINT64_MAX >> XC_PAGE_SHIFT) ? UINT64_MAX : count << XC_PAGE_SHIFT; }

int podp_xen_domains_per_page(void) { return XC_PAGE_SIZE / (int)sizeof(xc_domaininfo_t); }

int podp_xen_get_domains(podp_xen *xen, uint32_t first, podp_xen_domain *domains, int room) {
    if (xen->domain_room < room) {
        xc_domaininfo_t *more = realloc(xen->domains, (size_t)room * sizeof *more);
        if (!more) return -ENOMEM;
        xen->domains = more;
        xen->domain_room = room;
    }
    int count = xc_domain_getinfolist(xen->xc, first, (unsigned int)room, xen->domains);
    if (count < 0) return failed();
    for (int i = 0; i < count; i++) {
        const xc_domaininfo_t *from = &xen->domains[i];
        podp_xen_domain *to = &domains[i];
        memset(to, 0, sizeof *to);
        to->number = from->domain;
        uint32_t f = from->flags;
        to->flags = (f & XEN_DOMINF_dying ? PODP_XEN_DYING : 0) | (f & XEN_DOMINF_hvm_guest ? PODP_XEN_HVM : 0)
            | (f & XEN_DOMINF_shutdown ? PODP_XEN_SHUTDOWN : 0) | (f & XEN_DOMINF_paused ? PODP_XEN_PAUSED : 0)
            | (f & XEN_DOMINF_blocked ? PODP_XEN_BLOCKED : 0) | (f & XEN_DOMINF_running ? PODP_XEN_RUNNING : 0)
            | (f & XEN_DOMINF_hap ? PODP_XEN_HAP : 0);
#if defined(__x86_64__) || defined(__i386__)
        if (f & XEN_DOMINF_hvm_guest && from->arch_config.emulation_flags & ~XEN_X86_EMU_LAPIC) to->flags |= PODP_XEN_EMULATED_PLATFORM;
#endif
        to->shutdown_reason = (f >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask;
        to->online_vcpus = from->nr_online_vcpus;
        to->max_vcpu_id = from->max_vcpu_id;
        to->cpupool = from->cpupool;
        to->cpu_ns = from->cpu_time;
        to->memory_bytes = pages(from->tot_pages);
        to->max_memory_bytes = pages(from->max_pages);
        to->outstanding_bytes = pages(from->outstanding_pages);
        memcpy(to->uuid, from->handle, sizeof to->uuid);
    }
    return count;
}

int podp_xen_get_vcpu(podp_xen *xen, uint32_t domain, uint32_t vcpu, podp_xen_vcpu *out) {
    xc_vcpuinfo_t info;
    memset(&info, 0, sizeof info);
    memset(out, 0, sizeof *out);
    if (xc_vcpu_getinfo(xen->xc, domain, vcpu, &info) != 0) return failed();
    out->online = info.online;
    out->blocked = info.blocked;
    out->running = info.running;
    out->cpu = info.cpu;
    out->cpu_ns = info.cpu_time;
    return 0;
}

int podp_xen_get_credit2(podp_xen *xen, uint32_t domain, uint32_t *weight, uint32_t *cap) {
    int scheduler = 0;
    if (xc_sched_id(xen->xc, &scheduler) != 0) return failed();
    if (scheduler != XEN_SCHEDULER_CREDIT2) return -EOPNOTSUPP;
    struct xen_domctl_sched_credit2 values;
    memset(&values, 0, sizeof values);
    if (xc_sched_credit2_domain_get(xen->xc, domain, &values) != 0) return failed();
    *weight = values.weight;
    *cap = values.cap;
    return 0;
}

int podp_xen_unpause(podp_xen *xen, uint32_t domain) { return xc_domain_unpause(xen->xc, domain) != 0 ? failed() : 0; }

int podp_xen_get_features(podp_xen *xen, int hvm, uint32_t *words, int room) {
    uint32_t count = (uint32_t)(room < 0 ? 0 : room);
    uint32_t index = hvm ? XEN_SYSCTL_cpu_featureset_hvm : XEN_SYSCTL_cpu_featureset_pv;
    if (xc_get_cpu_featureset(xen->xc, index, &count, words) != 0) return failed();
    return (int)count;
}

// The names are those of Xen's own public header: FPU, SSE3, AVX2. Sorted by bit there only by habit, so searched.
static const struct {
    const char *name;
    uint32_t bit;
} features[] = {
#define XEN_CPUFEATURE(name, value) {#name, value},
#include <xen/arch-x86/cpufeatureset.h>
};

const char *podp_xen_feature_name(uint32_t bit) {
    for (size_t i = 0; i < sizeof features / sizeof *features; i++)
        if (features[i].bit == bit) return features[i].name;
    return NULL;
}
