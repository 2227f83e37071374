// A plugin for QEMU (TCG plugin API, version 1: docs/devel/tcg-plugins.rst, qemu-plugin.h of QEMU 7.2) that counts the instructions that the
// emulated machine executes, whoever executes them: Xen, dom0's kernel, its programs. The file that `counts=` names is mapped; it holds one
// 64-bit count for each virtual CPU, one to a cache line, and can be read at any time.
//
// What is used of qemu-plugin.h is declared here, because Debian ships no such header.
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
typedef void (*translated)(qemu_plugin_id_t id, struct qemu_plugin_tb *block);
typedef void (*executed)(unsigned int cpu, void *data);
extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, translated callback);
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, executed callback, int registers, void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);

enum { mostCPUs = 64, wordsEach = 8 };
static uint64_t *counts;

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static void count(unsigned int cpu, void *instructions) {
    if (cpu < mostCPUs) counts[cpu * wordsEach] += (uint64_t)(uintptr_t)instructions;
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(block, count, 0, (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int words, char **word) {
    (void)info;
    const size_t length = mostCPUs * wordsEach * sizeof *counts;
    for (int i = 0; i < words; i++) {
        if (strncmp(word[i], "counts=", 7) != 0) continue;
        int file = open(word[i] + 7, O_RDWR | O_CREAT, 0644);
        if (file < 0 || ftruncate(file, (off_t)length) != 0) return -1;
        counts = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        close(file);
        if (counts == MAP_FAILED) return -1;
        qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
        return 0;
    }
    return -1;
}
