// SPDX-License-Identifier: Apache-2.0
//
// Messages to a real broker: away, killed, slow, with a wrong password, with an expired certificate.
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <set>

#include "mqtt/mqtt_publisher.hpp"
#include "mqtt_broker_process.hpp"
#include "tiny_onnx.hpp"

namespace {

using drgan::MqttBroker;
using drgan::mqttBroker;
using drgan::MqttPublisher;
using drgan::MqttSettings;
using drgan_test::Broker;
using drgan_test::waitFor;
using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr milliseconds patience{5000};

std::string refusal(const MqttSettings& settings) {
    try {
        mqttBroker(settings);
    } catch (const std::exception& error) {
        return error.what();
    }
    return {};
}

std::string refusal(const std::string& address) { return refusal({address, "", "", "", ""}); }

TEST(MqttBrokerAddress, HasHostPortAndPrefix) {
    MqttBroker b = mqttBroker({"mqtt://broker.example/house/cellar/", "", "", "", ""});
    EXPECT_FALSE(b.tls);
    EXPECT_EQ(b.host, "broker.example");
    EXPECT_EQ(b.port, 1883);
    EXPECT_EQ(b.prefix, "house/cellar");
    b = mqttBroker({"mqtts://[::1]:9000/x", "", "", "", ""});
    EXPECT_TRUE(b.tls);
    EXPECT_EQ(b.host, "::1");
    EXPECT_EQ(b.port, 9000);
    EXPECT_EQ(b.name(), "mqtts://[::1]:9000");
    EXPECT_EQ(mqttBroker({"mqtts://b/x", "", "", "", ""}).port, 8883);
}

TEST(MqttBrokerAddress, IsRefusedWithTheReason) {
    EXPECT_THAT(refusal("http://b/x"), AllOf(HasSubstr("http://b/x"), HasSubstr("neither"), HasSubstr("mqtt://HOST")));
    EXPECT_THAT(refusal("mqtt:///x"), HasSubstr("no host"));
    EXPECT_THAT(refusal("mqtt://b"), HasSubstr("no prefix"));
    EXPECT_THAT(refusal("mqtt://b/"), HasSubstr("no prefix"));
    for (const std::string port : {"", "0", "65536", "12a", "-1", "999999"}) {
        EXPECT_THAT(refusal("mqtt://b:" + port + "/x"), HasSubstr("the port is \"" + port + "\""));
    }
    EXPECT_THAT(refusal("mqtt://[::1/x"), HasSubstr("bracket"));
    EXPECT_THAT(refusal("mqtt://b/a/+/b"), HasSubstr("wildcard"));
    EXPECT_THAT(refusal("mqtt://me:secret@b/x"), AllOf(HasSubstr("mqtt-credentials"), Not(HasSubstr("secret"))));
    EXPECT_THAT(refusal({"mqtt://b/x", "", "/ca.pem", "", ""}), HasSubstr("mqtts://"));
    EXPECT_THAT(refusal({"mqtts://b/x", "", "/no/ca.pem", "", ""}), HasSubstr("/no/ca.pem"));
    EXPECT_THAT(refusal({"mqtts://b/x", "", "", "/c.pem", ""}), HasSubstr("belong together"));
    EXPECT_THAT(refusal({"mqtt://b/x", "/no/file", "", "", ""}), HasSubstr("/no/file"));
    for (const std::string source : {"", "a/b", "a+", "#"}) {
        EXPECT_THROW(drgan::checkMqttSource(source), std::invalid_argument) << source;
    }
    EXPECT_NO_THROW(drgan::checkMqttSource("Front door"));
}

TEST(MqttBrokerCredentials, ComeFromAFileOrTheEnvironment) {
    const drgan_test::TempDir dir;
    std::ofstream(dir.path() + "/file") << "ann\r\nse cret\r\n";
    std::ofstream(dir.path() + "/empty") << "\nsecret\n";
    setenv("DRGAN_MQTT_USER", "bob", 1);
    setenv("DRGAN_MQTT_PASSWORD", "word", 1);
    MqttBroker b = mqttBroker({"mqtt://b/x", dir.path() + "/file", "", "", ""});
    EXPECT_EQ(b.user, "ann");
    EXPECT_EQ(b.password, "se cret");
    b = mqttBroker({"mqtt://b/x", "", "", "", ""});
    EXPECT_EQ(b.user, "bob");
    EXPECT_EQ(b.password, "word");
    unsetenv("DRGAN_MQTT_USER");
    unsetenv("DRGAN_MQTT_PASSWORD");
    EXPECT_EQ(mqttBroker({"mqtt://b/x", "", "", "", ""}).user, "");
    EXPECT_THAT(refusal({"mqtt://b/x", dir.path() + "/empty", "", "", ""}), HasSubstr("first line is empty"));
}

class Mqtt : public testing::Test {
protected:
    void SetUp() override {
        if (!Broker::isInstalled()) {
            GTEST_SKIP() << "NOT RUN, Debian's packages mosquitto and mosquitto-clients are not installed";
        }
    }

    MqttPublisher::Listener listener() {
        return {[this](const std::string& text) {
                    const std::lock_guard<std::mutex> lock(mutex_);
                    warnings_.push_back(text);
                },
                [this](const std::string& text) {
                    const std::lock_guard<std::mutex> lock(mutex_);
                    infos_.push_back(text);
                }};
    }
    std::vector<std::string> warnings() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return warnings_;
    }
    std::vector<std::string> infos() {
        const std::lock_guard<std::mutex> lock(mutex_);
        return infos_;
    }
    bool warned(const std::string& what) {
        return waitFor([&] {
            for (const auto& w : warnings()) {
                if (w.find(what) != std::string::npos) return true;
            }
            return false;
        });
    }

    static std::vector<std::string> numbers(int from, int to) {
        std::vector<std::string> out;
        for (int i = from; i < to; ++i) out.push_back(std::to_string(i));
        return out;
    }

    drgan_test::TempDir dir;

private:
    std::mutex mutex_;
    std::vector<std::string> warnings_;
    std::vector<std::string> infos_;
};

TEST_F(Mqtt, PublishesInOrderAndSaysThatItIsThere) {
    Broker broker(dir.path());
    broker.start();
    broker.watch();
    MqttPublisher publisher(mqttBroker({broker.address(), "", "", "", ""}), "door", 1000, listener());
    for (const auto& n : numbers(0, 500)) publisher.publish(n);
    ASSERT_TRUE(waitFor([&] { return publisher.counts().sent == 500; }));
    EXPECT_TRUE(publisher.counts().connected);
    publisher.close(patience);
    ASSERT_TRUE(waitFor([&] { return broker.seen("house/door/online").size() >= 2; }));
    EXPECT_EQ(broker.seen("house/door/track"), numbers(0, 500));
    EXPECT_THAT(broker.seen("house/door/online"), ElementsAre("true", "false"));
    EXPECT_EQ(publisher.counts().dropped, 0U);
    EXPECT_FALSE(publisher.counts().connected);
    EXPECT_THAT(warnings(), IsEmpty());
}

TEST_F(Mqtt, DeliversWhatIsPublishedJustBeforeTheEnd) {
    Broker broker(dir.path());
    broker.start();
    broker.watch();
    {
        MqttPublisher publisher(mqttBroker({broker.address(), "", "", "", ""}), "door", 1000, listener());
        for (const auto& n : numbers(0, 20)) publisher.publish(n);
        publisher.close(patience);  // the connection has hardly begun
    }
    ASSERT_TRUE(waitFor([&] { return broker.seen("house/door/online").size() >= 2; }));
    EXPECT_EQ(broker.seen("house/door/track"), numbers(0, 20));
}

/// Seconds for which the broker is down: 3, or what DRGAN_MQTT_OUTAGE says, up to an hour.
int outage() {
    const char* set = std::getenv("DRGAN_MQTT_OUTAGE");
    return set != nullptr ? std::clamp(std::atoi(set), 1, 3600) : 3;
}

// Line 0 to 9 while the broker is away at the start; then it is killed, and a line comes every half second while it is
// down.
TEST_F(Mqtt, LosesNothingWhileTheBrokerIsAwayOrKilled) {
    Broker broker(dir.path(), "allow_anonymous true\n", true);
    MqttPublisher publisher(mqttBroker({broker.address(), "", "", "", ""}), "door", 10000, listener());
    for (const auto& n : numbers(0, 10)) publisher.publish(n);
    ASSERT_TRUE(warned("refused"));
    EXPECT_THAT(warnings(), ElementsAre(AllOf(HasSubstr(std::to_string(broker.port())), HasSubstr("at most 10000"))));
    broker.start();
    broker.watch();
    ASSERT_TRUE(waitFor([&] { return publisher.counts().sent == 10; }));
    ASSERT_TRUE(
        waitFor([&] { return broker.hasSavedTheWatcher(); }));  // else it forgets the subscriber when it is killed
    broker.end(SIGKILL);
    const auto start = std::chrono::steady_clock::now();
    const int end = 10 + 2 * outage();
    for (int i = 10; i < end; ++i) {
        publisher.publish(std::to_string(i));
        std::this_thread::sleep_for(milliseconds(500));
    }
    EXPECT_FALSE(publisher.counts().connected);
    EXPECT_EQ(publisher.counts().queued, static_cast<size_t>(end - 10));
    broker.start();
    ASSERT_TRUE(waitFor([&] { return publisher.counts().sent == static_cast<size_t>(end); }));
    publisher.publish(std::to_string(end));
    publisher.close(patience);
    // The watcher was away, too: it comes back by itself.
    const auto missing = [&] {
        const auto lines = broker.seen("house/door/track");
        std::set<std::string> out;
        for (const auto& n : numbers(0, end + 1)) {
            if (std::find(lines.begin(), lines.end(), n) == lines.end()) out.insert(n);
        }
        return out;
    };
    waitFor([&] { return missing().empty(); });
    EXPECT_THAT(missing(), IsEmpty());
    EXPECT_EQ(publisher.counts().dropped, 0U);
    EXPECT_GE(infos().size(), 1U);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60 + outage()));
}

TEST_F(Mqtt, IsToldByTheBrokerWhenItHasGoneWithoutAWord) {
    Broker broker(dir.path());
    broker.start();
    broker.watch();
    const pid_t child = fork();
    if (child == 0) {
        MqttPublisher publisher(mqttBroker({broker.address(), "", "", "", ""}), "door", 10,
                                {[](const auto&) {}, [](const auto&) {}});
        pause();
        _exit(0);
    }
    EXPECT_TRUE(waitFor([&] { return broker.seen("house/door/online").size() == 1; }));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_TRUE(waitFor([&] { return broker.seen("house/door/online").size() == 2; }));
    EXPECT_THAT(broker.seen("house/door/online"), ElementsAre("true", "false"));
}

TEST_F(Mqtt, TakesBackTheLastWillOfAnEarlierConnection) {
    Broker broker(dir.path());
    broker.start();
    broker.watch();
    MqttPublisher publisher(mqttBroker({broker.address(), "", "", "", ""}), "door", 10, listener());
    ASSERT_TRUE(waitFor([&] { return broker.seen("house/door/online").size() == 1; }));
    const std::string port = std::to_string(broker.port());
    drgan_test::Process will(
        {"mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-r", "-t", "house/door/online", "-m", "false"},
        dir.path() + "/pub.log");
    ASSERT_TRUE(waitFor([&] { return broker.seen("house/door/online").size() == 3; }));
    EXPECT_THAT(broker.seen("house/door/online"), ElementsAre("true", "false", "true"));
}

TEST_F(Mqtt, CountsWhatTheQueueCannotHoldAndKeepsTheNewest) {
    Broker broker(dir.path());
    MqttPublisher publisher(mqttBroker({broker.address(), "", "", "", ""}), "door", 20, listener());
    for (const auto& n : numbers(0, 50)) publisher.publish(n);
    EXPECT_EQ(publisher.counts().queued, 20U);
    EXPECT_EQ(publisher.counts().dropped, 30U);
    EXPECT_TRUE(warned("the queue is full (20 messages)"));
    broker.start();
    broker.watch();
    ASSERT_TRUE(waitFor([&] { return publisher.counts().sent == 20; }));
    publisher.close(patience);
    EXPECT_EQ(publisher.counts().dropped, 30U);
}

TEST_F(Mqtt, SaysWhatWasNotDelivered) {
    Broker broker(dir.path());
    MqttPublisher publisher(mqttBroker({broker.address(), "", "", "", ""}), "door", 20, listener());
    publisher.publish("a");
    publisher.publish("b");
    ASSERT_TRUE(warned("refused"));
    const auto start = std::chrono::steady_clock::now();
    publisher.close(patience);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2)) << "waited for a broker that is away";
    EXPECT_EQ(publisher.counts().dropped, 2U);
    EXPECT_THAT(warnings().back(), HasSubstr("2 messages were not delivered"));
}

TEST_F(Mqtt, NeedsTheRightPassword) {
    const std::string passwords = dir.path() + "/passwords";
    std::ofstream(passwords) << "ann:secret\n";
    ASSERT_EQ(std::system(("mosquitto_passwd -U " + passwords).c_str()), 0);
    Broker broker(dir.path(), "allow_anonymous false\npassword_file " + passwords + "\n");
    broker.start();
    broker.watch({"-u", "ann", "-P", "secret"});
    std::ofstream(dir.path() + "/wrong") << "ann\nsecert\n";
    std::ofstream(dir.path() + "/right") << "ann\nsecret\n";
    {
        MqttPublisher publisher(mqttBroker({broker.address(), dir.path() + "/wrong", "", "", ""}), "door", 20,
                                listener());
        publisher.publish("a");
        ASSERT_TRUE(warned("not authorised"));
        std::this_thread::sleep_for(std::chrono::seconds(2));  // one warning, however often it tries
        EXPECT_EQ(warnings().size(), 1U);
        EXPECT_THAT(warnings()[0], Not(HasSubstr("secert")));
    }
    MqttPublisher publisher(mqttBroker({broker.address(), dir.path() + "/right", "", "", ""}), "door", 20, listener());
    publisher.publish("b");
    ASSERT_TRUE(waitFor([&] { return broker.seen("house/door/track").size() == 1; }));
    EXPECT_THAT(broker.seen("house/door/track"), ElementsAre("b"));
}

/// A certificate for localhost, signed by ca.pem. @param days until it ends; negative: it has ended
void certify(const std::string& folder, const std::string& name, int days) {
    const std::string files = folder + "/" + name;
    const std::string quiet = " > " + folder + "/openssl.log 2>&1";
    if (access((folder + "/ca.pem").c_str(), R_OK) != 0) {
        ASSERT_EQ(
            std::system(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca "
                         "-keyout " +
                         folder + "/ca.key -out " + folder + "/ca.pem" + quiet)
                            .c_str()),
            0);
    }
    ASSERT_EQ(
        std::system(("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout " +
                     files + ".key -out " + files + ".csr" + quiet)
                        .c_str()),
        0);
    ASSERT_EQ(std::system(("openssl x509 -req -in " + files + ".csr -CA " + folder + "/ca.pem -CAkey " + folder +
                           "/ca.key -CAcreateserial -days " + std::to_string(days) + " -out " + files + ".pem" + quiet)
                              .c_str()),
              0);
}

TEST_F(Mqtt, ChecksTheBrokersCertificateAndShowsItsOwn) {
    if (access("/usr/bin/openssl", X_OK) != 0) {
        GTEST_SKIP() << "NOT RUN, Debian's package openssl is not installed";
    }
    certify(dir.path(), "broker", 2);
    certify(dir.path(), "expired", -1);
    certify(dir.path(), "client", 2);
    const std::string ca = dir.path() + "/ca.pem";
    const auto settings = [&](const std::string& name) {
        return "allow_anonymous true\ncafile " + ca + "\ncertfile " + dir.path() + "/" + name + ".pem\nkeyfile " +
               dir.path() + "/" + name + ".key\nrequire_certificate true\n";
    };
    const MqttSettings own{"", "", ca, dir.path() + "/client.pem", dir.path() + "/client.key"};
    {
        Broker broker(dir.path(), settings("expired"));
        broker.start();
        MqttSettings s = own;
        s.address = broker.address("mqtts", "localhost");
        MqttPublisher publisher(mqttBroker(s), "door", 20, listener());
        publisher.publish("a");
        ASSERT_TRUE(warned("certificate verify failed"));
        EXPECT_EQ(publisher.counts().sent, 0U);
    }
    Broker broker(dir.path(), settings("broker"));
    broker.start();
    MqttSettings s = own;
    s.address = broker.address("mqtts", "localhost");
    MqttPublisher publisher(mqttBroker(s), "door", 20, listener());
    publisher.publish("b");
    EXPECT_TRUE(waitFor([&] { return publisher.counts().sent == 1; })) << warnings().back();
    s.certificate = s.key = "";
    MqttPublisher nobody(mqttBroker(s), "window", 20, listener());
    nobody.publish("c");
    const size_t before = warnings().size();
    EXPECT_TRUE(waitFor([&] { return warnings().size() > before; }));
    EXPECT_EQ(nobody.counts().sent, 0U);
}

/// Passes bytes on between a client and the broker, until it is told to stall: then it reads nothing more.
class Proxy {
public:
    explicit Proxy(int broker) : broker_(broker), port_(drgan_test::freePort()) {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int small = 4096;
        setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        const sockaddr_in address = drgan_test::loopback(port_);
        if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            listen(listener_, 5) != 0) {
            throw std::runtime_error("the proxy cannot listen");
        }
        thread_ = std::thread([this] { run(); });
    }
    ~Proxy() {
        stop = true;
        thread_.join();
        close(listener_);
    }
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;
    int port() const { return port_; }
    std::atomic<bool> stalled{false};
    std::atomic<bool> stop{false};

private:
    void run() {
        while (!stop) {
            pollfd p{listener_, POLLIN, 0};
            if (poll(&p, 1, 50) > 0) {
                const int client = accept(listener_, nullptr, nullptr);
                const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
                const sockaddr_in address = drgan_test::loopback(broker_);
                if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
                    pass(client, server);
                }
                close(client);
                close(server);
            }
        }
    }
    void pass(int client, int server) {
        while (!stop) {
            if (stalled) {
                std::this_thread::sleep_for(milliseconds(20));
                continue;
            }
            pollfd both[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
            poll(both, 2, 50);
            for (int i = 0; i < 2; ++i) {
                if (both[i].revents == 0) continue;
                char bytes[4096];
                const ssize_t n = read(both[i].fd, bytes, sizeof bytes);
                if (n <= 0 || send(both[1 - i].fd, bytes, static_cast<size_t>(n), MSG_NOSIGNAL) != n) return;
            }
        }
    }
    const int broker_;
    const int port_;
    int listener_ = -1;
    std::thread thread_;
};

TEST_F(Mqtt, DoesNotWaitForASlowBroker) {
    Broker broker(dir.path());
    broker.start();
    broker.watch();
    Proxy proxy(broker.port());
    MqttPublisher publisher(mqttBroker({"mqtt://127.0.0.1:" + std::to_string(proxy.port()) + "/house", "", "", "", ""}),
                            "door", 200, listener());
    publisher.publish("first");
    ASSERT_TRUE(waitFor([&] { return publisher.counts().sent == 1; }));
    proxy.stalled = true;
    const std::string large(20000, 'x');
    auto longest = std::chrono::steady_clock::duration::zero();
    for (int i = 0; i < 1000; ++i) {
        const auto before = std::chrono::steady_clock::now();
        publisher.publish(std::to_string(i) + " " + large);
        longest = std::max(longest, std::chrono::steady_clock::now() - before);
    }
    EXPECT_LT(longest, std::chrono::seconds(1)) << "a busy machine explains milliseconds";
    EXPECT_EQ(publisher.counts().queued, 200U);
    EXPECT_EQ(publisher.counts().dropped, 800U);
    EXPECT_TRUE(warned("the queue is full"));
    proxy.stalled = false;
    ASSERT_TRUE(waitFor([&] { return publisher.counts().queued == 0; }, 60));
    ASSERT_TRUE(waitFor([&] { return broker.seen("house/door/track").size() >= 201; }));
    EXPECT_EQ(broker.seen("house/door/track").back(), "999 " + large);
    EXPECT_EQ(publisher.counts().dropped, 800U);
}

}  // namespace
