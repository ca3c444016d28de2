// SPDX-License-Identifier: Apache-2.0
#include "mqtt_publisher.hpp"

#include <mosquitto.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <mutex>
#include <random>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

namespace drgan {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int atLeastOnce = 1;  // QoS
// Seconds. A broker that is silent for twice as long counts as lost; the broker publishes the last will after one and a
// half times.
constexpr int keepAlive = 10;
constexpr milliseconds shortestPause{500};
constexpr milliseconds longestPause{10000};
constexpr milliseconds pollInterval{500};  // for the library's own timers
// Messages sent and not acknowledged yet; below the library's limit, so that it queues none itself.
constexpr size_t window = 64;
constexpr int libraryWindow = 100;
constexpr const char* here = "true";
constexpr const char* gone = "false";

/// The number of a message within the library, and the message.
using Sent = std::pair<int, std::string>;

std::string reasonOf(int code) {
    if (code == MOSQ_ERR_ERRNO) {
        return std::strerror(errno);
    }
    return code == MOSQ_ERR_KEEPALIVE ? "the broker does not answer" : mosquitto_strerror(code);
}

}  // namespace

class MqttPublisher::Client {
public:
    Client(MqttBroker broker, const std::string& source, size_t bound, Listener listener)
        : broker_(std::move(broker)),
          trackTopic_(broker_.prefix + "/" + source + "/track"),
          onlineTopic_(broker_.prefix + "/" + source + "/online"),
          bound_(bound),
          listener_(std::move(listener)),
          wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (wake_ < 0) {
            throw std::system_error(errno, std::generic_category(), "eventfd");
        }
        static std::once_flag once;
        std::call_once(once, [] { mosquitto_lib_init(); });
        // Signals are for the program's own threads, and SIGPIPE, which TLS may raise, is for nobody.
        sigset_t all;
        sigset_t before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        try {
            thread_ = std::thread([this] { run(); });
        } catch (...) {
            pthread_sigmask(SIG_SETMASK, &before, nullptr);
            ::close(wake_);
            throw;
        }
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }
    ~Client() {
        close(milliseconds(0));
        ::close(wake_);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void publish(std::string payload) {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (stopping_) {
                return;
            }
            waiting_.push_back(std::move(payload));
            // Those that were sent already cannot be taken back.
            while (waiting_.size() + inFlight_ > bound_ && !waiting_.empty()) {
                waiting_.pop_front();
                ++counts_.dropped;
            }
        }
        wake();
    }

    Counts counts() const {
        const std::lock_guard<std::mutex> lock(mutex_);
        Counts out = counts_;
        out.queued = waiting_.size() + inFlight_;
        return out;
    }

    void close(milliseconds patience) {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!stopping_) {
                stopping_ = true;
                end_ = SteadyClock::now() + patience;
            }
        }
        wake();
        if (thread_.joinable()) {
            thread_.join();
        }
    }

private:
    void wake() const {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t n = ::write(wake_, &one, sizeof one);
    }

    // The rest runs in the thread.

    void run() {
        while (!mayEnd()) {
            if (mosquitto_ == nullptr && SteadyClock::now() >= nextAttempt_) {
                connect();
            }
            feed();
            tellOfDrops();
            wait();
        }
        sayGoodbye();
        std::unique_lock<std::mutex> lock(mutex_);
        const size_t left = waiting_.size() + inFlight_;
        counts_.dropped += left;
        counts_.connected = false;
        waiting_.clear();
        inFlight_ = 0;
        lock.unlock();
        if (left > 0) {
            listener_.warning(broker_.name() + ": " + std::to_string(left) + " messages were not delivered: " +
                              (reason_.empty() ? "the broker did not take them in time" : reason_));
        }
    }

    bool mayEnd() {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!stopping_) {
            return false;
        }
        // While the broker is away, waiting for it at the end would only delay the end.
        return SteadyClock::now() >= end_ || waiting_.size() + inFlight_ == 0 || !reason_.empty();
    }

    void connect() {
        mosquitto_ = mosquitto_new(nullptr, true, this);
        if (mosquitto_ == nullptr) {
            lose(std::strerror(errno));
            return;
        }
        detail_.clear();
        started_ = SteadyClock::now();
        mosquitto_connect_callback_set(
            mosquitto_, [](mosquitto* /*m*/, void* self, int code) { static_cast<Client*>(self)->onConnect(code); });
        mosquitto_publish_callback_set(
            mosquitto_, [](mosquitto* /*m*/, void* self, int id) { static_cast<Client*>(self)->onAcknowledged(id); });
        mosquitto_message_callback_set(mosquitto_, [](mosquitto* /*m*/, void* self, const mosquitto_message* message) {
            static_cast<Client*>(self)->onMessage(*message);
        });
        mosquitto_log_callback_set(mosquitto_, [](mosquitto* /*m*/, void* self, int level, const char* text) {
            if (level == MOSQ_LOG_ERR) {
                static_cast<Client*>(self)->detail_ = text;
            }
        });
        mosquitto_max_inflight_messages_set(mosquitto_, libraryWindow);
        int code = mosquitto_int_option(mosquitto_, MOSQ_OPT_TCP_NODELAY, 1);
        if (code == MOSQ_ERR_SUCCESS) {
            code = mosquitto_will_set(mosquitto_, onlineTopic_.c_str(), static_cast<int>(std::strlen(gone)), gone,
                                      atLeastOnce, true);
        }
        if (code == MOSQ_ERR_SUCCESS && !broker_.user.empty()) {
            code = mosquitto_username_pw_set(mosquitto_, broker_.user.c_str(), broker_.password.c_str());
        }
        if (code == MOSQ_ERR_SUCCESS && broker_.tls) {
            code = setTls();
        }
        if (code == MOSQ_ERR_SUCCESS) {
            code = mosquitto_connect_async(mosquitto_, broker_.host.c_str(), broker_.port, keepAlive);
        }
        if (code != MOSQ_ERR_SUCCESS) {
            lose(reasonOf(code));
        }
    }

    int setTls() {
        const auto orNull = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
        if (broker_.ca.empty()) {
            const int code = mosquitto_int_option(mosquitto_, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
            if (code != MOSQ_ERR_SUCCESS) {
                return code;
            }
        }
        // Encrypted keys are refused: there is nobody to ask for the password.
        const auto noPassword = [](char* /*out*/, int /*size*/, int /*writing*/, void* /*user*/) { return 0; };
        return mosquitto_tls_set(mosquitto_, orNull(broker_.ca), nullptr, orNull(broker_.certificate),
                                 orNull(broker_.key), noPassword);
    }

    void onConnect(int code) {
        if (code != 0) {
            refused_ = mosquitto_connack_string(code);
            return;
        }
        announce(here);
        // A will of an earlier connection that the broker has just given up would say `false` of this one.
        mosquitto_subscribe(mosquitto_, nullptr, onlineTopic_.c_str(), atLeastOnce);
        pause_ = shortestPause;
        if (!std::exchange(reason_, {}).empty()) {
            listener_.info(broker_.name() + ": connected");
        }
        const std::lock_guard<std::mutex> lock(mutex_);
        counts_.connected = true;
    }

    void announce(const char* state) {
        mosquitto_publish(mosquitto_, &announcement_, onlineTopic_.c_str(), static_cast<int>(std::strlen(state)), state,
                          atLeastOnce, true);
    }

    void onMessage(const mosquitto_message& message) {
        const std::string payload(static_cast<const char*>(message.payload), static_cast<size_t>(message.payloadlen));
        if (onlineTopic_ == message.topic && payload == gone && !leaving_) {
            announce(here);
        }
    }

    void onAcknowledged(int id) {
        if (id == announcement_) {
            announcement_ = 0;
        }
        const auto found = std::find_if(sent_.begin(), sent_.end(), [id](const Sent& s) { return s.first == id; });
        if (found == sent_.end()) {
            return;
        }
        sent_.erase(found);
        const std::lock_guard<std::mutex> lock(mutex_);
        ++counts_.sent;
        inFlight_ = sent_.size();
    }

    bool isConnected() const {
        const std::lock_guard<std::mutex> lock(mutex_);
        return counts_.connected;
    }

    void feed() {
        while (mosquitto_ != nullptr && isConnected() && sent_.size() < window) {
            std::string payload;
            {
                const std::lock_guard<std::mutex> lock(mutex_);
                if (waiting_.empty()) {
                    return;
                }
                payload = std::move(waiting_.front());
                waiting_.pop_front();
                inFlight_ = sent_.size() + 1;
            }
            int id = 0;
            const int code = mosquitto_publish(mosquitto_, &id, trackTopic_.c_str(), static_cast<int>(payload.size()),
                                               payload.data(), atLeastOnce, false);
            if (code == MOSQ_ERR_PAYLOAD_SIZE || code == MOSQ_ERR_OVERSIZE_PACKET) {  // sending it again would not help
                listener_.warning(broker_.name() + ": a message of " + std::to_string(payload.size()) +
                                  " bytes is too large and was dropped");
                ++toldDrops_;
                const std::lock_guard<std::mutex> lock(mutex_);
                inFlight_ = sent_.size();
                ++counts_.dropped;
                continue;
            }
            sent_.emplace_back(id, std::move(payload));
            if (code != MOSQ_ERR_SUCCESS) {
                lose(reasonOf(code));
            }
        }
    }

    // Told at the first drop, and again at the end of the outage with the number.
    void tellOfDrops() {
        const Counts now = counts();
        if (now.dropped == toldDrops_) {
            dropping_ = false;
            return;
        }
        if (!dropping_) {
            dropping_ = true;
            listener_.warning(broker_.name() + ": the queue is full (" + std::to_string(bound_) +
                              " messages): the oldest messages are dropped, " + std::to_string(now.dropped) +
                              " since the start");
            toldDrops_ = now.dropped;
        } else if (now.connected && now.queued < bound_) {
            listener_.warning(broker_.name() + ": the queue has room again; " + std::to_string(now.dropped) +
                              " messages were dropped since the start");
            toldDrops_ = now.dropped;
            dropping_ = false;
        }
    }

    void wait() {
        const int socket = mosquitto_ != nullptr ? mosquitto_socket(mosquitto_) : -1;
        pollfd files[] = {{wake_, POLLIN, 0}, {socket, POLLIN, 0}};
        if (socket >= 0 && mosquitto_want_write(mosquitto_)) {
            files[1].events |= POLLOUT;
        }
        milliseconds timeout = pollInterval;
        if (mosquitto_ == nullptr) {
            timeout = std::clamp(std::chrono::ceil<milliseconds>(nextAttempt_ - SteadyClock::now()), milliseconds(0),
                                 pollInterval);
        }
        poll(files, 2, static_cast<int>(timeout.count()));
        std::uint64_t ignored = 0;
        while (::read(wake_, &ignored, sizeof ignored) > 0) {
        }
        if (mosquitto_ != nullptr) {
            serve(files[1].revents);
        }
    }

    // Lets the library read and write.
    void serve(short events) {
        int code = MOSQ_ERR_SUCCESS;
        if ((events & (POLLIN | POLLERR | POLLHUP)) != 0) {
            code = mosquitto_loop_read(mosquitto_, static_cast<int>(window));
        }
        if (code == MOSQ_ERR_SUCCESS && (events & POLLOUT) != 0) {
            code = mosquitto_loop_write(mosquitto_, static_cast<int>(window));
        }
        if (code == MOSQ_ERR_SUCCESS) {
            code = mosquitto_loop_misc(mosquitto_);
        }
        if (!refused_.empty()) {
            lose(std::exchange(refused_, {}));
        } else if (code != MOSQ_ERR_SUCCESS) {
            lose(reasonOf(code));
        } else if (mosquitto_socket(mosquitto_) < 0 || (events & (POLLERR | POLLHUP)) != 0) {
            // libmosquitto 2.0 does not report a TCP connection that was refused before the TLS handshake.
            lose("the connection was refused or closed");
        } else if (!isConnected() && SteadyClock::now() - started_ > std::chrono::seconds(2 * keepAlive)) {
            lose("the broker does not answer");
        }
    }

    // Messages that were not acknowledged wait again, before the others.
    void lose(const std::string& why) {
        if (mosquitto_ != nullptr) {
            mosquitto_destroy(mosquitto_);
            mosquitto_ = nullptr;
        }
        announcement_ = 0;
        static thread_local std::minstd_rand random{std::random_device()()};
        const auto pause = static_cast<milliseconds::rep>(static_cast<double>(pause_.count()) *
                                                          std::uniform_real_distribution<>(0.5, 1)(random));
        nextAttempt_ = SteadyClock::now() + milliseconds(pause);  // many clients should not come back at once
        pause_ = std::min(2 * pause_, longestPause);
        size_t waiting = 0;
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            for (auto message = sent_.rbegin(); message != sent_.rend(); ++message) {
                waiting_.push_front(std::move(message->second));
            }
            sent_.clear();
            inFlight_ = 0;
            counts_.connected = false;
            waiting = waiting_.size();
        }
        const std::string reason = detail_.empty() ? why : why + " (" + detail_ + ")";
        if (std::exchange(reason_, reason) != reason && !leaving_) {
            listener_.warning(broker_.name() + ": " + reason + ". Trying again; " + std::to_string(waiting) +
                              " messages wait, at most " + std::to_string(bound_) + " can");
        }
    }

    void sayGoodbye() {
        leaving_ = true;
        if (mosquitto_ == nullptr) {
            return;
        }
        if (isConnected()) {
            announce(gone);
            const auto end = SteadyClock::now() + milliseconds(500);
            while (mosquitto_ != nullptr && announcement_ != 0 && SteadyClock::now() < end) {
                wait();
            }
        }
        if (mosquitto_ != nullptr) {
            mosquitto_disconnect(mosquitto_);
            mosquitto_loop_write(mosquitto_, 1);
            mosquitto_destroy(mosquitto_);
            mosquitto_ = nullptr;
        }
    }

    const MqttBroker broker_;
    const std::string trackTopic_;
    const std::string onlineTopic_;
    const size_t bound_;
    const Listener listener_;
    const int wake_;

    mutable std::mutex mutex_;  // protects the next six
    std::deque<std::string> waiting_;
    size_t inFlight_ = 0;
    Counts counts_;  // without queued
    bool stopping_ = false;
    SteadyClock::time_point end_;

    // Of the thread.
    mosquitto* mosquitto_ = nullptr;  // null: between two attempts to connect
    SteadyClock::time_point started_;
    SteadyClock::time_point nextAttempt_;
    milliseconds pause_ = shortestPause;
    std::deque<Sent> sent_;
    std::string reason_;    // why the broker is away; empty: it is not
    std::string refused_;   // the broker's answer to the connection; empty: not refused
    std::string detail_;    // the library's newest error line
    int announcement_ = 0;  // its message on the topic `online` that is not acknowledged yet
    bool leaving_ = false;
    bool dropping_ = false;
    std::uint64_t toldDrops_ = 0;

    std::thread thread_;
};

MqttPublisher::MqttPublisher(const MqttBroker& broker, const std::string& source, size_t bound, Listener listener) {
    checkMqttSource(source);
    client_ = std::make_unique<Client>(broker, source, std::max<size_t>(bound, 1), std::move(listener));
}
MqttPublisher::~MqttPublisher() = default;
void MqttPublisher::publish(std::string payload) { client_->publish(std::move(payload)); }
MqttPublisher::Counts MqttPublisher::counts() const { return client_->counts(); }
void MqttPublisher::close(milliseconds patience) { client_->close(patience); }

}  // namespace drgan
