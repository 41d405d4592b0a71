-- The tables of the hand-written server and of pgbench: what five services would keep, in one database of one server.
CREATE TABLE orders(
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account INT NOT NULL,
  sku INT NOT NULL,
  state TEXT NOT NULL
);
CREATE TABLE accounts(id INT PRIMARY KEY, balance BIGINT NOT NULL);
CREATE TABLE ledger(order_id BIGINT PRIMARY KEY, account INT NOT NULL, amount BIGINT NOT NULL);
CREATE TABLE stock(sku INT PRIMARY KEY, on_hand BIGINT NOT NULL);
CREATE TABLE reservations(order_id BIGINT PRIMARY KEY, sku INT NOT NULL, quantity BIGINT NOT NULL);
CREATE TABLE deliveries(order_id BIGINT PRIMARY KEY, account INT NOT NULL, sku INT NOT NULL, quantity BIGINT NOT NULL);
INSERT INTO accounts SELECT n, 1000000 FROM generate_series(0, 99999) n;
INSERT INTO stock SELECT n, 1000000000 FROM generate_series(0, 99) n;
VACUUM ANALYZE;
