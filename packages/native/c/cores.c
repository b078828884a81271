#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

#include <stdio.h>
#include <unistd.h>

#include "pool.h"

#if defined(__linux__)

/* A number that the kernel keeps for a processor; -1 if there is none. */
static int topology(int processor, const char *name) {
  char path[96];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/%s", processor, name);
  FILE *file = fopen(path, "r");
  int value = -1;
  if (file == NULL) return value;
  if (fscanf(file, "%d", &value) != 1) value = -1;
  fclose(file);
  return value;
}

/* Whole processors of time that a container may use; `otherwise` where it has no limit. */
static int processors_of_group(int otherwise) {
  FILE *file = fopen("/sys/fs/cgroup/cpu.max", "r");
  if (file == NULL) return otherwise;
  double quota, period;
  const int limited = fscanf(file, "%lf %lf", &quota, &period) == 2 && period > 0;
  fclose(file);
  return !limited ? otherwise : quota < 2 * period ? 1 : (int)(quota / period);
}

int scope_physical_cores(void) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  int packages[CPU_SETSIZE], cores[CPU_SETSIZE], count = 0;
  for (int processor = 0; processor < CPU_SETSIZE; processor++) {
    if (!CPU_ISSET(processor, &allowed)) continue;
    const int package = topology(processor, "physical_package_id"), core = topology(processor, "core_id");
    int known = 0;
    for (int i = 0; i < count && core >= 0 && !known; i++) known = packages[i] == package && cores[i] == core;
    if (known) continue;
    packages[count] = package;
    cores[count++] = core;
  }
  const int limit = processors_of_group(count);
  return count < 1 || limit < 1 ? 1 : limit < count ? limit : count;
}

#elif defined(__APPLE__)

int scope_physical_cores(void) {
  int cores = 0;
  size_t length = sizeof cores;
  /* Where there are slower cores too, only the fast ones: ranges of equal work would wait for the others. */
  if (sysctlbyname("hw.perflevel0.physicalcpu", &cores, &length, NULL, 0) == 0 && cores > 0) return cores;
  length = sizeof cores;
  return sysctlbyname("hw.physicalcpu", &cores, &length, NULL, 0) == 0 && cores > 0 ? cores : 1;
}

#else

int scope_physical_cores(void) {
  const long processors = sysconf(_SC_NPROCESSORS_ONLN);
  return processors > 0 ? (int)processors : 1;
}

#endif
