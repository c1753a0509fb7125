#include "pool.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#if defined(__x86_64__) || defined(__i386__)
#include <xmmintrin.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

namespace holdfast {
namespace {

// Flushes denormal numbers to 0 while it exists: arithmetic on them takes a hundred times as long, and vanishing
// gradients contain many of them.
class FlushDenormals {
 public:
#if defined(__x86_64__) || defined(__i386__)
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  unsigned before_;
#elif defined(__aarch64__)
  FlushDenormals() {
    __asm__ volatile("mrs %0, fpcr" : "=r"(before_));
    __asm__ volatile("msr fpcr, %0" ::"r"(before_ | (uint64_t(1) << 24)));
  }
  ~FlushDenormals() { __asm__ volatile("msr fpcr, %0" ::"r"(before_)); }

 private:
  uint64_t before_;
#endif
};

struct Job {
  void (*work)(void*, int64_t);
  void* context;
  int64_t count;
  std::atomic<int64_t> next{0};

  void help() {
    FlushDenormals flush;
    for (int64_t index; (index = next.fetch_add(1)) < count;) work(context, index);
  }
};

// Threads that sleep until there is a job. One job at a time has helpers; a second concurrent caller works alone.
class Pool {
 public:
  explicit Pool(int helpers) {
    for (int n = 0; n < helpers; ++n) threads_.emplace_back([this] { wait_for_work(); });
  }
  ~Pool() {
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  void run(Job& job) {
    std::unique_lock busy(busy_, std::try_to_lock);
    if (!busy) return job.help();
    {
      std::lock_guard lock(mutex_);
      job_ = &job;
      ++round_;
    }
    wake_.notify_all();
    job.help();
    std::unique_lock lock(mutex_);
    job_ = nullptr;  // threads that wake up from now on find no work
    done_.wait(lock, [this] { return helping_ == 0; });
  }

  int helpers() const { return int(threads_.size()); }

 private:
  void wait_for_work() {
    uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return closing_ || (job_ && round_ != seen); });
      if (closing_) return;
      seen = round_;
      Job& job = *job_;
      ++helping_;
      lock.unlock();
      job.help();
      lock.lock();
      if (--helping_ == 0) done_.notify_all();
    }
  }

  std::mutex busy_, mutex_;
  std::condition_variable wake_, done_;
  std::vector<std::thread> threads_;
  Job* job_ = nullptr;
  uint64_t round_ = 0;
  int helping_ = 0;
  bool closing_ = false;
};

int cores() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  const unsigned count = std::thread::hardware_concurrency();
  return count ? int(count) : 1;
}

std::mutex pool_mutex;
std::shared_ptr<Pool> pool;
int wanted = 0;  // 0: as many threads as cores
int64_t owner = 0;

int64_t process() {
#if defined(__unix__) || defined(__APPLE__)
  return getpid();
#else
  return 1;
#endif
}

// The pool of this process. It is created again after a fork (a child has none of its parent's threads) or a new size.
std::shared_ptr<Pool> current_pool() {
  std::lock_guard lock(pool_mutex);
  const int helpers = get_threads() - 1;
  if (pool && owner != process()) new std::shared_ptr<Pool>(std::move(pool));  // leaked: its threads cannot be joined
  if (!pool || pool->helpers() != helpers) pool = std::make_shared<Pool>(helpers);
  owner = process();
  return pool;
}

struct Scratch {
  void* memory = nullptr;
  int64_t size = 0;
  ~Scratch() { std::free(memory); }
};

}  // namespace

void set_threads(int count) { wanted = count; }
int get_threads() { return wanted > 0 ? wanted : cores(); }

void in_parallel(int64_t count, void (*work)(void*, int64_t), void* context) {
  Job job{work, context, count};
  if (count <= 1 || get_threads() == 1) return job.help();
  current_pool()->run(job);
}

void* scratch(int which, int64_t bytes) {
  thread_local Scratch kept[2];
  Scratch& own = kept[which];
  if (own.size < bytes) {
    std::free(own.memory);
    own.size = (bytes + 4095) / 4096 * 4096;
    own.memory = std::aligned_alloc(4096, size_t(own.size));
    if (!own.memory) own.size = 0;
  }
  return own.memory;
}

}  // namespace holdfast
