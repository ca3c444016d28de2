// SPDX-License-Identifier: Apache-2.0
//
// A mosquitto of the test's own on loopback, and mosquitto_sub to see what it passes on.
#ifndef DRGAN_TESTS_MQTT_BROKER_PROCESS_HPP
#define DRGAN_TESTS_MQTT_BROKER_PROCESS_HPP

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "wait_for.hpp"

namespace drgan_test {

inline sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
}

/// A port that was free a moment ago.
inline int freePort() {
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (bind(s, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(s, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("there is no free port");
    }
    close(s);
    return ntohs(address.sin_port);
}

inline bool isListening(int port) {
    const int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(port);
    const bool open = connect(s, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(s);
    return open;
}

/// A program that is killed at the end of the test.
class Process {
public:
    /// @param output file for what it prints
    Process(const std::vector<std::string>& command, const std::string& output) : pid_(fork()) {
        if (pid_ == 0) {
            const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
            dup2(file, STDOUT_FILENO);
            dup2(file, STDERR_FILENO);
            std::vector<char*> arguments;
            for (const auto& word : command) {
                arguments.push_back(const_cast<char*>(word.c_str()));
            }
            arguments.push_back(nullptr);
            execvp(arguments[0], arguments.data());
            _exit(127);
        }
    }
    ~Process() { end(SIGKILL); }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    void end(int signal) {
        if (pid_ > 0) {
            kill(pid_, signal);
            waitpid(pid_, nullptr, 0);
            pid_ = -1;
        }
    }

private:
    pid_t pid_;
};

inline std::vector<std::string> linesOfFile(const std::string& path) {
    std::ifstream in(path);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) {
        out.push_back(line);
    }
    return out;
}

class Broker {
public:
    static bool isInstalled() {
        return access("/usr/sbin/mosquitto", X_OK) == 0 && access("/usr/bin/mosquitto_sub", X_OK) == 0;
    }

    /// @param settings lines of mosquitto.conf that follow the listener's
    /// @param durable the broker keeps its state on the disk, which is slow
    explicit Broker(std::string folder, const std::string& settings = "allow_anonymous true\n", bool durable = false)
        : folder_(std::move(folder)), port_(freePort()) {
        std::ofstream(folder_ + "/mosquitto.conf")
            << "listener " << port_ << " 127.0.0.1\n"
            << settings << (getuid() == 0 ? "user root\n" : "") << "max_queued_messages 0\n";
        if (durable) {
            std::ofstream(folder_ + "/mosquitto.conf", std::ios::app)
                << "persistence true\npersistence_location " << folder_
                << "/\nautosave_on_changes true\nautosave_interval 1\n";
        }
    }

    int port() const { return port_; }
    std::string address(const std::string& scheme = "mqtt", const std::string& host = "127.0.0.1") const {
        return scheme + "://" + host + ":" + std::to_string(port_) + "/house";
    }

    void start() {
        process_ = std::make_unique<Process>(
            std::vector<std::string>{"/usr/sbin/mosquitto", "-c", folder_ + "/mosquitto.conf"},
            folder_ + "/broker.log");
        ASSERT_TRUE(waitFor([&] { return isListening(port_); })) << "the broker did not start: " << folder_;
    }
    void end(int signal) { process_->end(signal); }

    /// Subscribes to everything, for good: what comes while the subscriber is away is kept for it.
    void watch(const std::vector<std::string>& options = {}) {
        std::vector<std::string> command = {
            "mosquitto_sub", "-h", "127.0.0.1", "-p", std::to_string(port_), "-v", "-t", "#", "-q", "1", "-c", "-i",
            "watcher"};
        command.insert(command.end(), options.begin(), options.end());
        watcher_ = std::make_unique<Process>(command, folder_ + "/seen");
        ASSERT_TRUE(waitFor([&] {
            for (const auto& line : linesOfFile(folder_ + "/broker.log")) {
                if (line.find("watcher") != std::string::npos) return true;
            }
            return false;
        })) << "nobody watches";
    }
    /// Whether a durable broker's file has the subscriber: once as a client, once with what it subscribed to.
    bool hasSavedTheWatcher() const {
        std::ifstream in(folder_ + "/mosquitto.db", std::ios::binary);
        const std::string saved((std::istreambuf_iterator<char>(in)), {});
        const size_t first = saved.find("watcher");
        return first != std::string::npos && saved.find("watcher", first + 1) != std::string::npos;
    }
    /// What the subscriber has seen on a topic, in order.
    std::vector<std::string> seen(const std::string& topic) const {
        std::vector<std::string> out;
        for (const auto& line : linesOfFile(folder_ + "/seen")) {
            if (line.compare(0, topic.size() + 1, topic + " ") == 0) {
                out.push_back(line.substr(topic.size() + 1));
            }
        }
        return out;
    }

private:
    const std::string folder_;
    const int port_;
    std::unique_ptr<Process> process_;
    std::unique_ptr<Process> watcher_;
};

}  // namespace drgan_test

#endif
