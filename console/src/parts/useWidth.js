import { useEffect, useRef, useState } from 'preact/hooks';

/** How wide an element is, in pixels, as it changes. @param {number} first @returns {[any, number]} a ref and the width */
export function useWidth(first) {
  const at = useRef(null);
  const [width, setWidth] = useState(first);
  useEffect(() => {
    const seen = new ResizeObserver(([one]) => setWidth(Math.max(200, Math.round(one.contentRect.width))));
    seen.observe(at.current);
    return () => seen.disconnect();
  }, []);
  return [at, width];
}
