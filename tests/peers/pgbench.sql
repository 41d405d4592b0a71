\set account random(0, 99999)
\set sku random(0, 99)
INSERT INTO orders(account, sku, state) VALUES (:account, :sku, 'RUNNING') RETURNING id AS order \gset
WITH paid AS (UPDATE accounts SET balance = balance - 1 WHERE id = :account AND balance >= 1 RETURNING id) INSERT INTO ledger SELECT :order, id, 1 FROM paid;
WITH taken AS (UPDATE stock SET on_hand = on_hand - 1 WHERE sku = :sku AND on_hand >= 1 RETURNING sku) INSERT INTO reservations SELECT :order, sku, 1 FROM taken;
INSERT INTO deliveries VALUES (:order, :account, :sku, 1);
UPDATE orders SET state = 'COMPLETED' WHERE id = :order;
