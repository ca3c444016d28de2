// SPDX-License-Identifier: Apache-2.0
//
// The element's messages at a real broker, and its metrics, also while the broker is down.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "element_fixture.hpp"
#include "line_schema.hpp"
#include "mqtt_broker_process.hpp"

namespace {

using drgan_test::Broker;
using drgan_test::Element;
using drgan_test::LineSchema;
using drgan_test::TempDir;
using drgan_test::waitFor;
using nlohmann::json;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;
using testing::SizeIs;

std::string read(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

class ElementMqtt : public testing::Test {
protected:
    void SetUp() override {
        if (!Broker::isInstalled()) {
            GTEST_SKIP() << "NOT RUN, Debian's packages mosquitto and mosquitto-clients are not installed";
        }
    }

    std::string properties(const Broker& broker) const {
        return "source=door mqtt-address=" + broker.address() + " metrics-location=" + metrics +
               " results-location=" + results + " ";
    }

    bool metricIs(const std::string& name, size_t value) const {
        const std::string line = "\n" + name + "{source=\"door\"} " + std::to_string(value) + "\n";
        return waitFor([&] { return read(metrics).find(line) != std::string::npos; });
    }

    TempDir dir;
    const std::string metrics = dir.path() + "/door.prom";
    const std::string results = dir.path() + "/results.jsonl";
};

TEST_F(ElementMqtt, SendsTheLinesOfTheResultsWhichTheSchemaDescribes) {
    Broker broker(dir.path());
    broker.start();
    broker.watch();
    const std::string topic = "house/door/track";
    {
        Element e(properties(broker));
        e.caps("BGR", 320, 240);
        for (int i = 0; i < 10; ++i) {
            GstBuffer* in = e.frame();
            Element::addFace(in, 40, 60, 80, 80);
            Element::addFace(in, 200, 60, 80, 80);
            gst_buffer_unref(gst_harness_push_and_pull(e.harness, in));
        }
        gst_harness_push_event(e.harness, gst_event_new_eos());
        const size_t count = e.messages().size();
        EXPECT_GE(count, 6U) << "two tracks that are new, updated and lost";
        ASSERT_TRUE(waitFor([&] { return broker.seen(topic).size() == count; }));
        EXPECT_TRUE(metricIs("drgan_mqtt_sent_total", count)) << read(metrics);
        EXPECT_TRUE(metricIs("drgan_messages_total", count)) << read(metrics);
        EXPECT_TRUE(metricIs("drgan_mqtt_connected", 1)) << read(metrics);
        if (std::system("command -v promtool > /dev/null") == 0) {
            const std::string said = dir.path() + "/promtool";
            EXPECT_EQ(std::system(("promtool check metrics < " + metrics + " > " + said + " 2>&1").c_str()), 0)
                << read(said);
        } else {
            std::puts("NOT RUN: promtool (Debian's package prometheus) is not installed");
        }
    }
    const LineSchema schema;
    for (const auto& line : broker.seen(topic)) {
        EXPECT_EQ(schema.fault(json::parse(line)), "");
    }
    EXPECT_EQ(broker.seen(topic), drgan_test::linesOfFile(results));
    EXPECT_TRUE(waitFor([&] { return broker.seen("house/door/online").size() == 2; }));
    EXPECT_THAT(broker.seen("house/door/online"), ElementsAre("true", "false"));
}

TEST_F(ElementMqtt, PlaysOnWhileTheBrokerIsDownAndLosesNothing) {
    Broker broker(dir.path(), "allow_anonymous true\n", true);
    broker.start();
    broker.watch();
    Element e(properties(broker));
    e.caps("BGR", 320, 240);
    gst_buffer_unref(e.pushFace(40, 60, 80));
    ASSERT_TRUE(waitFor([&] { return !broker.seen("house/door/track").empty(); }));
    ASSERT_TRUE(waitFor([&] { return broker.hasSavedTheWatcher(); }));
    broker.end(SIGKILL);
    EXPECT_TRUE(metricIs("drgan_mqtt_connected", 0)) << read(metrics);
    auto longest = std::chrono::steady_clock::duration::zero();
    for (int i = 0; i < 100; ++i) {  // each is a new face in another place
        const auto before = std::chrono::steady_clock::now();
        gst_buffer_unref(e.pushFace(static_cast<guint>(i % 3) * 100, 60, 80));
        longest = std::max(longest, std::chrono::steady_clock::now() - before);
    }
    EXPECT_LT(longest, std::chrono::seconds(1)) << "a frame has waited for the broker";
    // One warning for each reason: the connection was closed, and is refused now.
    EXPECT_THAT(e.warnings(), AllOf(SizeIs(AllOf(Ge(1U), Le(2U))), Each(HasSubstr(std::to_string(broker.port())))));
    gst_harness_push_event(e.harness, gst_event_new_eos());
    const auto written = drgan_test::linesOfFile(results);
    EXPECT_GT(written.size(), 5U);
    broker.start();
    ASSERT_TRUE(waitFor([&] {
        const auto seen = broker.seen("house/door/track");
        return std::all_of(written.begin(), written.end(), [&](const std::string& line) {
            return std::find(seen.begin(), seen.end(), line) != seen.end();
        });
    })) << broker.seen("house/door/track").size()
        << " of " << written.size();
    EXPECT_TRUE(metricIs("drgan_mqtt_sent_total", written.size())) << read(metrics);
    EXPECT_TRUE(metricIs("drgan_mqtt_dropped_total", 0)) << read(metrics);
}

}  // namespace
