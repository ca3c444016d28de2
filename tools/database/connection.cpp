// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <cstring>

namespace drgan::tools {
namespace {

constexpr size_t copyChunk = 1 << 20;  // bytes

using Result = std::unique_ptr<PGresult, decltype(&PQclear)>;

std::uint64_t readBigEndian(const char* bytes, int size) {
    std::uint64_t value = 0;
    for (int i = 0; i < size; ++i) {
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
    }
    return value;
}

template <typename T>
std::string bigEndian(T value) {
    std::string out(sizeof value, '\0');
    for (size_t i = 0; i < sizeof value; ++i) {
        out[sizeof value - 1 - i] = static_cast<char>(value >> (8 * i) & 0xff);
    }
    return out;
}

// libpq ends its messages with a newline, and some have several lines.
std::string oneLine(std::string text) {
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos;) {
        text.replace(at, 1, "; ");
    }
    return text;
}

void checkUrl(const std::string& url) {
    char* error = nullptr;
    PQconninfoOption* const options = PQconninfoParse(url.c_str(), &error);
    if (options == nullptr) {
        const std::string why = error != nullptr ? oneLine(error) : "out of memory";
        PQfreemem(error);
        throw std::invalid_argument("the address of the database is not valid: " + why +
                                    "; expected postgresql://USER@HOST/DATABASE");
    }
    bool password = false;
    for (const PQconninfoOption* o = options; o->keyword != nullptr; ++o) {
        password = password || (std::strcmp(o->keyword, "password") == 0 && o->val != nullptr);
    }
    PQconninfoFree(options);
    if (password) {
        throw std::invalid_argument(
            "the address of the database has a password in it, which everybody can see who lists processes; put it "
            "into ~/.pgpass or into the file that PGPASSFILE names");
    }
}

}  // namespace

std::string binary(std::int32_t value) { return bigEndian(static_cast<std::uint32_t>(value)); }

std::string binary(double value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return bigEndian(bits);
}

std::string Row::text(int column) const {
    const auto* result = static_cast<const PGresult*>(result_);
    return {PQgetvalue(result, row_, column), static_cast<size_t>(PQgetlength(result, row_, column))};
}

std::int64_t Row::integer(int column) const {
    const auto* result = static_cast<const PGresult*>(result_);
    const int size = PQgetlength(result, row_, column);
    const std::uint64_t value = readBigEndian(PQgetvalue(result, row_, column), size);
    return size == 4 ? static_cast<std::int32_t>(value) : static_cast<std::int64_t>(value);
}

double Row::real(int column) const {
    const auto* result = static_cast<const PGresult*>(result_);
    const std::uint64_t bits = readBigEndian(PQgetvalue(result, row_, column), 8);
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

struct Connection::Handle {
    explicit Handle(PGconn* c) : connection(c) {}
    ~Handle() { PQfinish(connection); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    PGconn* connection;
};

Connection::Connection(const std::string& url) {
    checkUrl(url);
    // Those before dbname are defaults, which the URL may replace. A peer that has gone without a word is noticed after
    // half a minute, in place of two hours.
    const char* const keywords[] = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                    "keepalives_count", "tcp_user_timeout", "application_name",
                                    "dbname",           "client_encoding",  nullptr};
    const char* const values[] = {"10", "10", "5", "3", "30000", "drgan-gallery", url.c_str(), "UTF8", nullptr};
    handle_ = std::make_unique<Handle>(PQconnectdbParams(keywords, values, 1));
    if (PQstatus(handle_->connection) != CONNECTION_OK) {
        throw DatabaseError(oneLine(PQerrorMessage(handle_->connection)), true);
    }
    PQsetNoticeProcessor(
        handle_->connection, [](void* /*self*/, const char* /*message*/) {}, nullptr);
    // A writer whose network is cut must not keep the others from writing.
    execute(
        "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;"
        "SET idle_in_transaction_session_timeout = '60s'; SET lock_timeout = '60s'");
    query("SELECT current_setting('server_encoding')", {}, [](const Row& row) {
        if (row.text(0) != "UTF8") {
            throw DatabaseError("the database's encoding is " + row.text(0) + ", expected UTF8, as names are", false);
        }
    });
}

Connection::~Connection() = default;

void Connection::fail(const char* what) const {
    const bool lost = PQstatus(handle_->connection) != CONNECTION_OK;
    const std::string why = what != nullptr && *what != '\0' ? what : PQerrorMessage(handle_->connection);
    throw DatabaseError(why.empty() ? "the connection was lost" : oneLine(why), lost);
}

void Connection::execute(const std::string& statements) {
    const Result result(PQexec(handle_->connection, statements.c_str()), &PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fail(PQresultErrorMessage(result.get()));
    }
}

void Connection::query(const std::string& statement, const std::vector<std::string>& values,
                       const std::function<void(const Row&)>& each) {
    std::vector<const char*> pointers;
    pointers.reserve(values.size());
    for (const auto& value : values) {
        pointers.push_back(value.c_str());
    }
    if (PQsendQueryParams(handle_->connection, statement.c_str(), static_cast<int>(values.size()), nullptr,
                          pointers.data(), nullptr, nullptr, 1) == 0) {
        fail(nullptr);
    }
    PQsetSingleRowMode(handle_->connection);
    std::string error;
    bool failed = false;
    while (PGresult* const next = PQgetResult(handle_->connection)) {
        const Result result(next, &PQclear);
        const ExecStatusType status = PQresultStatus(next);
        if (status == PGRES_SINGLE_TUPLE) {
            if (each) {
                each(Row(next, 0));
            }
        } else if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
            failed = true;
            error = PQresultErrorMessage(next);
        }
    }
    if (failed) {
        fail(error.c_str());
    }
}

std::int64_t Connection::number(const std::string& statement, const std::vector<std::string>& values) {
    std::int64_t out = 0;
    query(statement, values, [&out](const Row& row) { out = row.integer(0); });
    return out;
}

void Connection::beginCopy(const std::string& statement) {
    const Result result(PQexec(handle_->connection, statement.c_str()), &PQclear);
    if (PQresultStatus(result.get()) != PGRES_COPY_IN) {
        fail(PQresultErrorMessage(result.get()));
    }
    copied_.assign("PGCOPY\n\377\r\n\0", 11);  // then flags and the length of an extension, none of both
    copied_ += binary(std::int32_t{0}) + binary(std::int32_t{0});
}

void Connection::putRow(const std::vector<std::string>& values) {
    copied_ += bigEndian(static_cast<std::uint16_t>(values.size()));
    for (const auto& value : values) {
        copied_ += binary(static_cast<std::int32_t>(value.size()));
        copied_ += value;
    }
    flushCopy(copyChunk);
}

void Connection::flushCopy(size_t atLeast) {
    if (copied_.size() >= atLeast) {
        if (PQputCopyData(handle_->connection, copied_.data(), static_cast<int>(copied_.size())) != 1) {
            fail(nullptr);
        }
        copied_.clear();
    }
}

void Connection::endCopy() {
    copied_ += "\377\377";
    flushCopy(1);
    if (PQputCopyEnd(handle_->connection, nullptr) != 1) {
        fail(nullptr);
    }
    std::string error;
    bool failed = false;
    while (PGresult* const next = PQgetResult(handle_->connection)) {
        const Result result(next, &PQclear);
        if (PQresultStatus(next) != PGRES_COMMAND_OK) {
            failed = true;
            error = PQresultErrorMessage(next);
        }
    }
    if (failed) {
        fail(error.c_str());
    }
}

bool Connection::waitForNotification(int milliseconds, int wake) {
    pollfd files[] = {{PQsocket(handle_->connection), POLLIN, 0}, {wake, POLLIN, 0}};
    poll(files, 2, milliseconds);
    if (PQconsumeInput(handle_->connection) == 0) {
        fail(nullptr);
    }
    bool any = false;
    while (PGnotify* const notification = PQnotifies(handle_->connection)) {
        any = true;
        PQfreemem(notification);
    }
    return any;
}

bool isDatabase(const std::string& address) {
    return address.rfind("postgresql://", 0) == 0 || address.rfind("postgres://", 0) == 0;
}

std::string textArray(const std::vector<std::string>& values) {
    std::string out = "{";
    for (const auto& value : values) {
        out += out.size() > 1 ? ",\"" : "\"";
        for (const char c : value) {
            out += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
        }
        out += '"';
    }
    return out + "}";
}

}  // namespace drgan::tools
