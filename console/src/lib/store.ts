// Reads a value that lives outside of the components, and draws anew when it changes.
import { useEffect, useState } from 'preact/hooks';

export function useSyncExternalStore<T>(subscribe: (listener: () => void) => () => void, read: () => T): T {
  const [value, set_value] = useState<T>(read);
  // Both arguments are constants of their modules.
  useEffect(() => {
    const update = () => set_value(() => read());
    update();
    return subscribe(update);
  }, []);
  return value;
}
