"""Jackfield plugs any application into any provider of large language models.

Everything public is a name of this module, loaded when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .accounting import Estimate as Estimate
    from .asking import chat as chat
    from .asking import stream as stream
    from .assembly import Assembler as Assembler
    from .assembly import unroll as unroll
    from .async_client import AsyncClient as AsyncClient
    from .async_driver import AsyncStream as AsyncStream
    from .background import FanOut as FanOut
    from .board import Board as Board
    from .board import DialectInfo as DialectInfo
    from .board import Route as Route
    from .boards import Boards as Boards
    from .book import PriceBook as PriceBook
    from .catalog import ModelInfo as ModelInfo
    from .catalog import ProviderInfo as ProviderInfo
    from .client import Client as Client
    from .conversation import AudioOutput as AudioOutput
    from .conversation import CacheOptions as CacheOptions
    from .conversation import ChatRequest as ChatRequest
    from .conversation import ChatResponse as ChatResponse
    from .conversation import Choice as Choice
    from .conversation import FinishReason as FinishReason
    from .conversation import HostedTool as HostedTool
    from .conversation import NativeTool as NativeTool
    from .conversation import Reasoning as Reasoning
    from .conversation import ResponseFormat as ResponseFormat
    from .conversation import Tool as Tool
    from .conversation import ToolChoice as ToolChoice
    from .conversation import WebSearch as WebSearch
    from .counting import TokenCountRequest as TokenCountRequest
    from .counting import TokenCountResponse as TokenCountResponse
    from .deltas import ArgumentsDelta as ArgumentsDelta
    from .deltas import CitationDelta as CitationDelta
    from .deltas import Delta as Delta
    from .deltas import Finished as Finished
    from .deltas import LogprobsDelta as LogprobsDelta
    from .deltas import MediaDelta as MediaDelta
    from .deltas import PartEnded as PartEnded
    from .deltas import PartStarted as PartStarted
    from .deltas import PartTracker as PartTracker
    from .deltas import RefusalDelta as RefusalDelta
    from .deltas import Restarted as Restarted
    from .deltas import Started as Started
    from .deltas import StreamDecoder as StreamDecoder
    from .deltas import StreamEncoder as StreamEncoder
    from .deltas import TextDelta as TextDelta
    from .deltas import ThinkingDelta as ThinkingDelta
    from .deltas import UsageDelta as UsageDelta
    from .driver import Stream as Stream
    from .errors import Abandoned as Abandoned
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BillingError as BillingError
    from .errors import ConfigurationError as ConfigurationError
    from .errors import ConnectionFailed as ConnectionFailed
    from .errors import ContentFilterError as ContentFilterError
    from .errors import ContextLengthError as ContextLengthError
    from .errors import InvalidAnswer as InvalidAnswer
    from .errors import InvalidInput as InvalidInput
    from .errors import InvalidRequestError as InvalidRequestError
    from .errors import JackfieldError as JackfieldError
    from .errors import MissingCredential as MissingCredential
    from .errors import ModelNotFoundError as ModelNotFoundError
    from .errors import NotReadyError as NotReadyError
    from .errors import OverloadedError as OverloadedError
    from .errors import PermissionDenied as PermissionDenied
    from .errors import PluginError as PluginError
    from .errors import ProviderError as ProviderError
    from .errors import RateLimitError as RateLimitError
    from .errors import RequestTimeout as RequestTimeout
    from .errors import RequestTooLargeError as RequestTooLargeError
    from .errors import ResponseFormatError as ResponseFormatError
    from .errors import ServerError as ServerError
    from .errors import StreamInterrupted as StreamInterrupted
    from .errors import TooManyTurns as TooManyTurns
    from .errors import TransportError as TransportError
    from .errors import UnknownDialect as UnknownDialect
    from .errors import UnknownProvider as UnknownProvider
    from .errors import UnsupportedFeature as UnsupportedFeature
    from .errors import UnsupportedOperation as UnsupportedOperation
    from .errors import UnsupportedParameterError as UnsupportedParameterError
    from .errors import UnsupportedParameterWarning as UnsupportedParameterWarning
    from .exchange import Exchange as Exchange
    from .fallback import Fallback as Fallback
    from .fan_out import AsyncFanOut as AsyncFanOut
    from .fan_out import Leg as Leg
    from .fan_out import Tagged as Tagged
    from .fetching import FetchLimits as FetchLimits
    from .fitting import Fitted as Fitted
    from .flows import Timeout as Timeout
    from .functions import tool_of as tool_of
    from .hookspecs import SPEC_VERSION as SPEC_VERSION
    from .hookspecs import hookimpl as hookimpl
    from .hookspecs import hookspec as hookspec
    from .messages import Bytes as Bytes
    from .messages import Cache as Cache
    from .messages import Citation as Citation
    from .messages import Data as Data
    from .messages import FileId as FileId
    from .messages import Media as Media
    from .messages import Message as Message
    from .messages import Native as Native
    from .messages import Part as Part
    from .messages import ProviderState as ProviderState
    from .messages import Refusal as Refusal
    from .messages import Text as Text
    from .messages import Thinking as Thinking
    from .messages import ToolCall as ToolCall
    from .messages import ToolResult as ToolResult
    from .messages import Url as Url
    from .operations import Adjustment as Adjustment
    from .operations import Attempt as Attempt
    from .operations import EmbeddingRequest as EmbeddingRequest
    from .operations import EmbeddingResponse as EmbeddingResponse
    from .operations import ListedModel as ListedModel
    from .operations import ModelsRequest as ModelsRequest
    from .operations import ModelsResponse as ModelsResponse
    from .operations import Request as Request
    from .operations import Response as Response
    from .parsing import parse as parse
    from .pricing import Cost as Cost
    from .pricing import Line as Line
    from .pricing import Priced as Priced
    from .pricing import Sheet as Sheet
    from .ranking import RerankRequest as RerankRequest
    from .ranking import RerankResponse as RerankResponse
    from .ranking import RerankResult as RerankResult
    from .rates import Rate as Rate
    from .rates import Rule as Rule
    from .rates import Window as Window
    from .relay_hooks import Relay as Relay
    from .runs import Run as Run
    from .saved import Conversation as Conversation
    from .structured import ParsedResponse as ParsedResponse
    from .transport import AsyncReply as AsyncReply
    from .transport import AsyncTransport as AsyncTransport
    from .transport import Reply as Reply
    from .transport import Transport as Transport
    from .transport_settings import TransportSettings as TransportSettings
    from .turns import AsyncRunStream as AsyncRunStream
    from .turns import RunStream as RunStream
    from .usage import Item as Item
    from .usage import Usage as Usage
    from .wire import Credential as Credential
    from .wire import Endpoint as Endpoint
    from .wire import Event as Event
    from .wire import Facts as Facts
    from .wire import HTTPRequest as HTTPRequest
    from .wire import HTTPResponse as HTTPResponse
    from .wire import derive_id as derive_id

__all__ = [
    "SPEC_VERSION",
    "Abandoned",
    "Adjustment",
    "ArgumentsDelta",
    "Assembler",
    "AsyncClient",
    "AsyncFanOut",
    "AsyncReply",
    "AsyncRunStream",
    "AsyncStream",
    "AsyncTransport",
    "Attempt",
    "AudioOutput",
    "AuthenticationError",
    "BillingError",
    "Board",
    "Boards",
    "Bytes",
    "Cache",
    "CacheOptions",
    "ChatRequest",
    "ChatResponse",
    "Choice",
    "Citation",
    "CitationDelta",
    "Client",
    "ConfigurationError",
    "ConnectionFailed",
    "ContentFilterError",
    "ContextLengthError",
    "Conversation",
    "Cost",
    "Credential",
    "Data",
    "Delta",
    "DialectInfo",
    "EmbeddingRequest",
    "EmbeddingResponse",
    "Endpoint",
    "Estimate",
    "Event",
    "Exchange",
    "Facts",
    "Fallback",
    "FanOut",
    "FetchLimits",
    "FileId",
    "FinishReason",
    "Finished",
    "Fitted",
    "HTTPRequest",
    "HTTPResponse",
    "HostedTool",
    "InvalidAnswer",
    "InvalidInput",
    "InvalidRequestError",
    "Item",
    "JackfieldError",
    "Leg",
    "Line",
    "ListedModel",
    "LogprobsDelta",
    "Media",
    "MediaDelta",
    "Message",
    "MissingCredential",
    "ModelInfo",
    "ModelNotFoundError",
    "ModelsRequest",
    "ModelsResponse",
    "Native",
    "NativeTool",
    "NotReadyError",
    "OverloadedError",
    "ParsedResponse",
    "Part",
    "PartEnded",
    "PartStarted",
    "PartTracker",
    "PermissionDenied",
    "PluginError",
    "PriceBook",
    "Priced",
    "ProviderError",
    "ProviderInfo",
    "ProviderState",
    "Rate",
    "RateLimitError",
    "Reasoning",
    "Refusal",
    "RefusalDelta",
    "Relay",
    "Reply",
    "Request",
    "RequestTimeout",
    "RequestTooLargeError",
    "RerankRequest",
    "RerankResponse",
    "RerankResult",
    "Response",
    "ResponseFormat",
    "ResponseFormatError",
    "Restarted",
    "Route",
    "Rule",
    "Run",
    "RunStream",
    "ServerError",
    "Sheet",
    "Started",
    "Stream",
    "StreamDecoder",
    "StreamEncoder",
    "StreamInterrupted",
    "Tagged",
    "Text",
    "TextDelta",
    "Thinking",
    "ThinkingDelta",
    "Timeout",
    "TokenCountRequest",
    "TokenCountResponse",
    "TooManyTurns",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "ToolResult",
    "Transport",
    "TransportError",
    "TransportSettings",
    "UnknownDialect",
    "UnknownProvider",
    "UnsupportedFeature",
    "UnsupportedOperation",
    "UnsupportedParameterError",
    "UnsupportedParameterWarning",
    "Url",
    "Usage",
    "UsageDelta",
    "WebSearch",
    "Window",
    "chat",
    "derive_id",
    "hookimpl",
    "hookspec",
    "parse",
    "stream",
    "tool_of",
    "unroll",
]

#: Which module holds a public name.
_HOME = {
    "Abandoned": "errors",
    "Adjustment": "operations",
    "ArgumentsDelta": "deltas",
    "Assembler": "assembly",
    "AsyncClient": "async_client",
    "AsyncFanOut": "fan_out",
    "AsyncReply": "transport",
    "AsyncRunStream": "turns",
    "AsyncStream": "async_driver",
    "AsyncTransport": "transport",
    "Attempt": "operations",
    "AudioOutput": "conversation",
    "AuthenticationError": "errors",
    "BillingError": "errors",
    "Board": "board",
    "Boards": "boards",
    "Bytes": "messages",
    "Cache": "messages",
    "CacheOptions": "conversation",
    "ChatRequest": "conversation",
    "ChatResponse": "conversation",
    "Choice": "conversation",
    "Citation": "messages",
    "CitationDelta": "deltas",
    "Client": "client",
    "ConfigurationError": "errors",
    "ConnectionFailed": "errors",
    "ContentFilterError": "errors",
    "ContextLengthError": "errors",
    "Conversation": "saved",
    "Cost": "pricing",
    "Credential": "wire",
    "Data": "messages",
    "Delta": "deltas",
    "DialectInfo": "board",
    "EmbeddingRequest": "operations",
    "EmbeddingResponse": "operations",
    "Endpoint": "wire",
    "Estimate": "accounting",
    "Event": "wire",
    "Exchange": "exchange",
    "Facts": "wire",
    "Fallback": "fallback",
    "FanOut": "background",
    "FetchLimits": "fetching",
    "FileId": "messages",
    "FinishReason": "conversation",
    "Finished": "deltas",
    "Fitted": "fitting",
    "HTTPRequest": "wire",
    "HTTPResponse": "wire",
    "HostedTool": "conversation",
    "InvalidAnswer": "errors",
    "InvalidInput": "errors",
    "InvalidRequestError": "errors",
    "Item": "usage",
    "JackfieldError": "errors",
    "Leg": "fan_out",
    "Line": "pricing",
    "ListedModel": "operations",
    "LogprobsDelta": "deltas",
    "Media": "messages",
    "MediaDelta": "deltas",
    "Message": "messages",
    "MissingCredential": "errors",
    "ModelInfo": "catalog",
    "ModelNotFoundError": "errors",
    "ModelsRequest": "operations",
    "ModelsResponse": "operations",
    "Native": "messages",
    "NativeTool": "conversation",
    "NotReadyError": "errors",
    "OverloadedError": "errors",
    "ParsedResponse": "structured",
    "Part": "messages",
    "PartEnded": "deltas",
    "PartStarted": "deltas",
    "PartTracker": "deltas",
    "PermissionDenied": "errors",
    "PluginError": "errors",
    "PriceBook": "book",
    "Priced": "pricing",
    "ProviderError": "errors",
    "ProviderInfo": "catalog",
    "ProviderState": "messages",
    "Rate": "rates",
    "RateLimitError": "errors",
    "Reasoning": "conversation",
    "Refusal": "messages",
    "RefusalDelta": "deltas",
    "Relay": "relay_hooks",
    "Reply": "transport",
    "Request": "operations",
    "RequestTimeout": "errors",
    "RequestTooLargeError": "errors",
    "RerankRequest": "ranking",
    "RerankResponse": "ranking",
    "RerankResult": "ranking",
    "Response": "operations",
    "ResponseFormat": "conversation",
    "ResponseFormatError": "errors",
    "Restarted": "deltas",
    "Route": "board",
    "Rule": "rates",
    "Run": "runs",
    "RunStream": "turns",
    "SPEC_VERSION": "hookspecs",
    "ServerError": "errors",
    "Sheet": "pricing",
    "Started": "deltas",
    "Stream": "driver",
    "StreamDecoder": "deltas",
    "StreamEncoder": "deltas",
    "StreamInterrupted": "errors",
    "Tagged": "fan_out",
    "Text": "messages",
    "TextDelta": "deltas",
    "Thinking": "messages",
    "ThinkingDelta": "deltas",
    "Timeout": "flows",
    "TokenCountRequest": "counting",
    "TokenCountResponse": "counting",
    "TooManyTurns": "errors",
    "Tool": "conversation",
    "ToolCall": "messages",
    "ToolChoice": "conversation",
    "ToolResult": "messages",
    "Transport": "transport",
    "TransportError": "errors",
    "TransportSettings": "transport_settings",
    "UnknownDialect": "errors",
    "UnknownProvider": "errors",
    "UnsupportedFeature": "errors",
    "UnsupportedOperation": "errors",
    "UnsupportedParameterError": "errors",
    "UnsupportedParameterWarning": "errors",
    "Url": "messages",
    "Usage": "usage",
    "UsageDelta": "deltas",
    "WebSearch": "conversation",
    "Window": "rates",
    "chat": "asking",
    "derive_id": "wire",
    "hookimpl": "hookspecs",
    "hookspec": "hookspecs",
    "parse": "parsing",
    "stream": "asking",
    "tool_of": "functions",
    "unroll": "assembly",
}


def __getattr__(name: str) -> Any:
    if (module := _HOME.get(name)) is not None:
        value = getattr(importlib.import_module(f".{module}", __name__), name)
        globals()[name] = value
        return value
    if name == "__version__":
        from importlib_metadata import version

        return version("jackfield")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
