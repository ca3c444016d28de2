// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_TOOLS_DATABASE_CONNECTION_HPP
#define DRGAN_TOOLS_DATABASE_CONNECTION_HPP

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace drgan::tools {

class DatabaseError : public std::runtime_error {
public:
    /// @param lost the connection broke or could not be made: the same call may succeed later
    DatabaseError(const std::string& what, bool lost) : std::runtime_error(what), lost_(lost) {}
    bool isConnectionLost() const { return lost_; }

private:
    bool lost_;
};

/// A value in PostgreSQL's binary format.
std::string binary(std::int32_t value);
std::string binary(double value);

/// A row of a result, in PostgreSQL's binary format.
class Row {
public:
    Row(const void* result, int row) : result_(result), row_(row) {}
    std::string text(int column) const;  ///< also bytea
    std::int64_t integer(int column) const;
    double real(int column) const;

private:
    const void* result_;  // PGresult
    int row_;
};

/// A connection to PostgreSQL. All functions throw DatabaseError.
class Connection {
public:
    /// @param url postgresql://..., without a password: libpq has it from ~/.pgpass, PGPASSFILE or PGPASSWORD
    /// @throws std::invalid_argument if the URL cannot be parsed or has a password in it
    explicit Connection(const std::string& url);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Runs statements that return nothing.
    void execute(const std::string& statements);
    /// Runs one statement, and calls `each` for every row as it arrives.
    /// @param values of $1, $2, ..., as text
    void query(const std::string& statement, const std::vector<std::string>& values = {},
               const std::function<void(const Row&)>& each = {});
    /// The first column of the only row.
    std::int64_t number(const std::string& statement, const std::vector<std::string>& values = {});

    /// COPY ... FROM STDIN (FORMAT binary): begin with the statement, put rows of binary values, end.
    void beginCopy(const std::string& statement);
    void putRow(const std::vector<std::string>& values);
    void endCopy();

    /// Waits for a notification on a channel that is listened to, and takes all that have come.
    /// @param wake a file that ends the wait when it can be read
    /// @return whether there was one
    bool waitForNotification(int milliseconds, int wake);

private:
    void flushCopy(size_t atLeast);
    [[noreturn]] void fail(const char* what) const;

    struct Handle;
    std::unique_ptr<Handle> handle_;
    std::string copied_;  // not sent yet
};

/// Whether this is the address of a database and no file.
bool isDatabase(const std::string& address);

/// As PostgreSQL writes an array of texts.
std::string textArray(const std::vector<std::string>& values);

}  // namespace drgan::tools

#endif
