// SPDX-License-Identifier: Apache-2.0
#include "run/parallel.hpp"

#include <cstdlib>
#include <stdexcept>
#include <vector>

#ifdef USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

namespace drgan::train {

namespace {

int number(const char* name, int least, int most) {
    const char* text = std::getenv(name);
    char* end = nullptr;
    const long value = text ? std::strtol(text, &end, 10) : 0;
    if (!text || *text == 0 || *end != 0 || value < least || value > most) {
        throw std::invalid_argument(std::string(name) + " is " + (text ? "'" + std::string(text) + "'" : "not set") +
                                    ", expected " + std::to_string(least) + ".." + std::to_string(most));
    }
    return static_cast<int>(value);
}

#ifdef USE_C10D_GLOO

template <typename Backend>
class C10dGroup : public nn::Group {
public:
    C10dGroup(c10::intrusive_ptr<Backend> backend, int rank, int size)
        : backend_(std::move(backend)), rank_(rank), size_(size) {}

    int rank() const override { return rank_; }
    int size() const override { return size_; }
    void sum(torch::Tensor& tensor) override {
        run(tensor, [&](std::vector<torch::Tensor>& all) { return backend_->allreduce(all); });
    }
    void broadcast(torch::Tensor& tensor) override {
        run(tensor, [&](std::vector<torch::Tensor>& all) { return backend_->broadcast(all); });
    }

private:
    template <typename Call>
    static void run(torch::Tensor& tensor, Call&& call) {
        std::vector<torch::Tensor> all{tensor.contiguous()};
        call(all)->wait();
        if (!all[0].is_same(tensor)) {
            tensor.copy_(all[0]);
        }
    }

    c10::intrusive_ptr<Backend> backend_;
    int rank_, size_;
};

/// LibTorch's store prefers libuv since 2.4 and throws where it was built without, as Debian's is: plain sockets are
/// always there. Older ones have no such choice.
template <typename Options>
auto withoutLibUv(Options& options, int) -> decltype(options.useLibUV = false, void()) {
    options.useLibUV = false;
}
template <typename Options>
void withoutLibUv(Options&, long) {}

std::shared_ptr<nn::Group> join(const std::string& device, int rank, int size) {
    const char* address = std::getenv("MASTER_ADDR");
    if (!address || *address == 0) {
        throw std::invalid_argument("MASTER_ADDR is not set, expected the host of process 0");
    }
    c10d::TCPStoreOptions store;
    store.port = static_cast<uint16_t>(number("MASTER_PORT", 1, 65535));
    store.isServer = rank == 0;
    store.numWorkers = size;
    withoutLibUv(store, 0);
    const auto meeting = c10::make_intrusive<c10d::TCPStore>(address, store);
#ifdef USE_C10D_NCCL
    if (device == "cuda") {
        return std::make_shared<C10dGroup<c10d::ProcessGroupNCCL>>(
            c10::make_intrusive<c10d::ProcessGroupNCCL>(meeting, rank, size), rank, size);
    }
#else
    if (device == "cuda") {
        throw std::runtime_error("several processes on cuda need NCCL, and this program was built without it");
    }
#endif
    const auto options = c10d::ProcessGroupGloo::Options::create();
    const bool loopback = std::string(address) == "127.0.0.1" || std::string(address) == "localhost";
    options->devices.push_back(loopback ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                        : c10d::ProcessGroupGloo::createDefaultDevice());
    return std::make_shared<C10dGroup<c10d::ProcessGroupGloo>>(
        c10::make_intrusive<c10d::ProcessGroupGloo>(meeting, rank, size, options), rank, size);
}

#else

std::shared_ptr<nn::Group> join(const std::string&, int, int) {
    throw std::runtime_error("WORLD_SIZE is above 1, and this program was built without Gloo (libgloo-dev)");
}

#endif

}  // namespace

std::shared_ptr<nn::Group> joinGroup(const std::string& device) {
    if (!std::getenv("WORLD_SIZE")) {
        return nullptr;
    }
    const int size = number("WORLD_SIZE", 1, 65536);
    if (size == 1) {
        return nullptr;
    }
    return join(device, number("RANK", 0, size - 1), size);
}

torch::Device localDevice(const std::string& name) {
    if (name == "cuda" && std::getenv("LOCAL_RANK")) {
        return {torch::kCUDA, static_cast<torch::DeviceIndex>(number("LOCAL_RANK", 0, 127))};
    }
    return {name};
}

}  // namespace drgan::train
