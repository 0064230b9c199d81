// What every page brings. Each module finds its places by their data attributes, and
// each thing works without it: these only make it quicker.
import "pinboard/animate";
import "pinboard/arrange";
import "pinboard/basket";
import "pinboard/bookmarklet";
import "pinboard/drop";
import "pinboard/feed";
import "pinboard/follow";
import "pinboard/forms";
import "pinboard/like";
import "pinboard/picker";
import "pinboard/points";
import "pinboard/preferences";
import "pinboard/reload";
import "pinboard/renew";
import "pinboard/save";
import "pinboard/search";
import "pinboard/select";
import "pinboard/share";
import "pinboard/spots";
import "pinboard/tags";
import "pinboard/toast";
import "pinboard/transition";
import "pinboard/upload";
import "pinboard/viewer";
import "pinboard/zoom";
